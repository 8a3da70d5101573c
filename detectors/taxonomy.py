"""The coarse classes of the detector, and what other people call them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

__all__ = ["Taxonomy", "default_taxonomy", "read_taxonomy"]

_FILE = Path(__file__).parent / "taxonomy.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """Coarse classes.

    Attributes:
        classes: Their names; a detector's posterior is in this order.
        types: Class → categories and types of the catalogue's vocabulary that it can show.
        sources: Data set → its label → a place in `classes`.
    """

    classes: tuple[str, ...]
    types: Mapping[str, frozenset[str]]
    sources: Mapping[str, Mapping[str, int]]

    def place(self, source: str, label: str) -> int | None:
        """The class of a data set's label; ``None`` for what the detector leaves out."""
        return self.sources.get(source, {}).get(label)


def read_taxonomy(path: Path) -> Taxonomy:
    """Read the YAML file: class → data set → labels.

    Raises:
        ValueError: A label of one data set stands under two classes.
    """
    given: dict[str, dict[str, list[str]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    classes = tuple(given)
    types = {name: frozenset(labels_of.pop("types", [])) for name, labels_of in given.items()}
    sources: dict[str, dict[str, int]] = {}
    for place, (name, labels_of) in enumerate(given.items()):
        for source, labels in labels_of.items():
            held = sources.setdefault(source, {})
            for label in labels:
                if label in held:
                    raise ValueError(
                        f"{path}: {source} label {label!r} is {classes[held[label]]} and {name}"
                    )
                held[label] = place
    return Taxonomy(classes=classes, types=types, sources=sources)


@functools.cache
def default_taxonomy() -> Taxonomy:
    """The one that the shipped detector was trained with."""
    return read_taxonomy(_FILE)
