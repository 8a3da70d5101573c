"""Looks at pictures and says, prompt by prompt, what is right in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from engine.ports import AttributePredictor
from engine.query.lexicon import Lexicon
from engine.types import Facet
from models.attributes import predictor_for
from models.training.studies.turbo_draw import Drawer, kept, key_of
from models.training.studies.turbo_judge import ALWAYS as IN_BOTH
from models.training.studies.turbo_judge import CrossJudge, Eyes, JudgeRows, fold_of
from models.training.studies.turbo_material import TurboMaterial, rows_of
from models.training.studies.turbo_measures import colour_error, structure_kept
from models.training.studies.turbo_prompts import Prompts, asked_values
from models.training.studies.turbo_settings import ARMS, RECIPE, TurboSizes
from models.training.variants.preparation import Catalogue
from models.variants.prompts import PROMPT_FACETS, caption
from models.variants.structure import structure

__all__ = ["Look", "Looker", "build_judge", "fit_judge", "judged", "judged_rows"]

_PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What was seen in one picture of each of B prompts.

    Attributes:
        values: Measure → (B,), NaN where the prompt does not ask.
        vectors: float32 (B, D) of the pictures.
    """

    values: Mapping[str, NDArray[np.float64]]
    vectors: NDArray[np.float32]


def build_judge(
    material: TurboMaterial, drawer: Drawer, eyes: Eyes, sizes: TurboSizes, work: Path
) -> CrossJudge:
    """Judges of the prompts' attributes, fitted to val and test, which the generator never sees."""
    held = material.catalogue
    rows = judged_rows(held)
    latents = material.batches.latents
    name = key_of(RECIPE, drawer.origin(ARMS["autoencoder"]), held.pairs.ids)
    real = kept(work / f"seen-{name}.npy", lambda: eyes(held.frames.pixels[rows]))
    soft = kept(work / f"seen-soft-{name}.npy", lambda: eyes(drawer.frames(latents[rows])))
    return fit_judge(held, (real, soft), sizes, work, name)


def judged_rows(catalogue: Catalogue) -> NDArray[np.int64]:
    """What judges learn from: products that the generator never sees."""
    return np.concatenate([catalogue.pairs.rows("val"), catalogue.pairs.rows("test")])


def fit_judge(
    catalogue: Catalogue,
    views: Sequence[NDArray[np.float32]],
    sizes: TurboSizes,
    work: Path,
    name: str,
) -> CrossJudge:
    """Judges fitted to what was seen in the `judged_rows`.

    Args:
        catalogue: Prepared.
        views: Of the rows, each as in `JudgeRows`.
        sizes: Least products of a value, and epochs.
        work: Keeps them.
        name: Of all that the views depend on.
    """
    rows = judged_rows(catalogue)
    values = asked_values(catalogue.attributes, rows, PROMPT_FACETS, least=sizes.least)
    splits = np.asarray(catalogue.pairs.splits)[rows]
    folds = [
        fold_of(catalogue.pairs.titles[int(row)]) if split == "test" else IN_BOTH
        for row, split in zip(rows, splits, strict=True)
    ]
    labels = [
        [
            _place(values[f], catalogue.attributes[int(row)].get(f, ""))
            for f in PROMPT_FACETS
            if values[f]
        ]
        for row in rows
    ]
    return CrossJudge(
        values,
        JudgeRows(views=views, labels=np.array(labels), folds=np.array(folds)),
        epochs=sizes.judge_epochs,
        folder=work,
        key=key_of(name, values, sizes.judge_epochs),
    )


class Looker:
    """Measures frames against what they were asked to show.

    Args:
        material: Catalogue and encoder.
        eyes: Of the judge.
        judge: Of attributes.
        lexicon: Of families and shades.
        work: Keeps what was seen.
    """

    def __init__(
        self,
        material: TurboMaterial,
        eyes: Eyes,
        judge: CrossJudge,
        lexicon: Lexicon,
        work: Path,
    ):
        self._material, self._eyes, self._judge = material, eyes, judge
        self._lexicon, self.work = lexicon, work
        self.key = key_of(judge.key, material.encoder.encoder_id.revision)
        tagger = predictor_for(material.encoder)
        if tagger is None:  # a compact encoder predicts attributes itself
            raise AssertionError
        self._tagger: AttributePredictor = tagger

    def kept_look(
        self, key: str, frames: Callable[[], NDArray[np.uint8]], prompts: Prompts
    ) -> Look:
        """What `look` says, from the study's folder where it is kept under the key."""
        path = self.work / f"{key}.safetensors"
        if not path.exists():
            found = self.look(frames(), prompts)
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".partial")
            save_file({**found.values, "vectors": found.vectors}, fresh)
            fresh.replace(path)
        held = load_file(path)
        return Look(vectors=held.pop("vectors"), values=held)

    def look(self, frames: NDArray[np.uint8], prompts: Prompts) -> Look:
        """See `Look`; the frames uint8 (B, 96, 72, 3).

        Measures: ``attributes`` (share of the prompt's attributes that are right), one of each
        facet, ``colour-family``, ``marked-pattern`` (where it is not plain), ``change`` (the
        changed facet's), ``type-served`` and ``colour-served`` (by the tagger that ships),
        ``delta-e``, ``cosine`` (picture with prompt) and those of `structure_kept`.
        """
        values, _ = self.right(frames, prompts)
        vectors = self._material.encoder.embed_images(list(frames))
        texts = self._material.encoder.embed_texts([caption(each.attributes) for each in prompts])
        values["cosine"] = (vectors * texts).sum(axis=1).astype(np.float64)
        shares = self._tagger.predict(vectors)
        for facet in (Facet.TYPE, Facet.COLOUR):
            names = self._tagger.labels[facet]
            seen = [names[place] for place in shares[facet].argmax(axis=1).tolist()]
            wanted = [each.attributes[facet] for each in prompts]
            values[f"{facet.value}-served"] = np.array(
                [a == b for a, b in zip(seen, wanted, strict=True)], np.float64
            )
        references = self._material.catalogue.frames.pixels[rows_of(prompts)]
        changed = np.array([each.changed is not None for each in prompts])
        outlines = structure(np.where(changed[:, None, None, None], references, frames))[:, 0]
        values["delta-e"] = colour_error(frames, outlines, prompts, self._lexicon)
        kept_of = structure_kept(
            frames, references, [each.changed is Facet.COLOUR for each in prompts]
        )
        values |= {name: np.where(changed, found, np.nan) for name, found in kept_of.items()}
        return Look(values=values, vectors=vectors)

    def right(
        self, frames: NDArray[np.uint8], prompts: Prompts
    ) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
        """What the judge finds right, and the mean logarithm of what it gives to what was asked.

        Returns:
            Measure → (B,); (B,), by which the oracle tells apart what is equally right.
        """
        return judged(
            self._judge,
            self._eyes(frames),
            prompts,
            titles=self._material.catalogue.pairs.titles,
            lexicon=self._lexicon,
        )


def judged(
    judge: CrossJudge,
    seen: NDArray[np.float32],
    prompts: Prompts,
    *,
    titles: Sequence[str],
    lexicon: Lexicon,
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """See `Looker.right`; of features (B, F) of the frames, and the catalogue's titles."""
    folds = np.array([fold_of(titles[each.row]) for each in prompts])
    shares = judge.shares(seen, folds)
    count = len(prompts)
    found: dict[str, NDArray[np.float64]] = {}
    sure: list[NDArray[np.float64]] = []
    for facet, names in judge.values.items():
        asked = np.array([_place(names, each.attributes.get(facet, "")) for each in prompts])
        best = shares[facet].argmax(axis=1)
        known = asked >= 0
        found[facet.value] = np.where(known, best == asked, np.nan)
        given = shares[facet][np.arange(count), asked]
        sure.append(np.where(known, np.log(np.maximum(given, 1e-6)), np.nan))
        if facet is Facet.COLOUR:
            family = np.array([lexicon.family(name) for name in names])
            same = family[best] == family[asked]
            found["colour-family"] = np.where(known, same, np.nan)
        if facet is Facet.PATTERN:
            plain = np.array([each.attributes.get(facet) == _PLAIN for each in prompts])
            found["marked-pattern"] = np.where(plain, np.nan, found[facet.value])
    facets = np.stack([found[facet.value] for facet in judge.values], axis=1)
    found["attributes"] = np.nanmean(facets, axis=1)
    found["change"] = np.array(
        [found[each.changed.value][i] if each.changed else np.nan
         for i, each in enumerate(prompts)]
    )  # fmt: skip
    return found, np.nanmean(np.stack(sure, axis=1), axis=1)


def _place(values: Sequence[str], value: str) -> int:
    return values.index(value) if value in values else -1
