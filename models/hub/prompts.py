"""Sentences around a bare label, because a model of captions was trained on sentences.

"tshirts" or "navy blue" alone is a text that such a model hardly ever saw; the mean over a few
captions that contain it is the usual remedy (CLIP, Radford et al. 2021, section 3.1.4). Where a
query is the value of an attribute, ask for it this way; titles and shoppers' words stay as they
are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.errors import InvalidInput
from engine.ports import TextEncoder
from engine.types import Facet, Vectors

__all__ = ["TEMPLATES", "embed_labels", "fill"]

TEMPLATES: Mapping[Facet, tuple[str, ...]] = {
    Facet.TYPE: (
        "a photo of {}",
        "a product photo of {}",
        "{} on a white background",
        "{} in an online fashion shop",
        "a close-up photo of {}",
    ),
    Facet.COLOUR: (
        "a photo of a {} garment",
        "a product photo of something {}",
        "{} clothes",
        "a fashion product in {}",
        "a {} item on a white background",
    ),
}
"""Captions by facet; each holds one ``{}``."""


def fill(
    words: Sequence[str], facet: Facet, *, templates: Sequence[str] | None = None
) -> list[tuple[str, ...]]:
    """The captions of each label, in lower case.

    Args:
        words: Values of an attribute, such as ``Tshirts`` or ``navy blue``.
        facet: Whose values they are.
        templates: Captions with one ``{}`` each; those of `TEMPLATES` by default.

    Raises:
        InvalidInput: A template has not exactly one ``{}``, or the facet has none of its own.
    """
    chosen = tuple(templates) if templates is not None else TEMPLATES.get(facet, ())
    if not chosen:
        raise InvalidInput(
            f"there are no templates for {facet.value!r}",
            where="templates",
            hint=f"Known: {', '.join(each.value for each in TEMPLATES)}. Or give your own.",
        )
    for template in chosen:
        if template.count("{}") != 1:
            raise InvalidInput(
                f"got the template {template!r}, expected exactly one {{}}", where="templates"
            )
    # Not str.format: a label may hold braces of its own.
    return [tuple(each.replace("{}", word.strip().lower()) for each in chosen) for word in words]


def embed_labels(
    encoder: TextEncoder,
    words: Sequence[str],
    facet: Facet,
    *,
    templates: Sequence[str] | None = None,
) -> Vectors:
    """The mean direction of each label's captions.

    Args:
        encoder: Embeds the captions, all in one call.
        words: Values of an attribute.
        facet: Whose values they are.
        templates: As in `fill`.

    Returns:
        (N, D) float32, unit rows.

    Raises:
        InvalidInput: As `fill`.
    """
    captions = fill(words, facet, templates=templates)
    if not captions:
        return np.zeros((0, encoder.encoder_id.dims), np.float32)
    flat = encoder.embed_texts([text for each in captions for text in each])
    means = flat.reshape(len(captions), len(captions[0]), -1).mean(axis=1)  # (N, D)
    length = np.linalg.norm(means, axis=1, keepdims=True)
    return (means / np.maximum(length, 1e-12)).astype(np.float32)
