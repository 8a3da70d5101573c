"""Definitions of fine classes: a coarse class and clauses about how such a thing lies to others."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from detectors.relations import RELATIONS, partner_classes
from detectors.taxonomy import default_taxonomy
from engine.errors import InvalidInput

__all__ = ["Clause", "Definition", "default_knowledge", "read_knowledge"]

_FILE = Path(__file__).parent / "knowledge.yaml"
_NOT, _OR = "not ", " or "
_FORM = "Write them as: {knee socks: {of: legwear, when: [covers calf, not covers thigh]}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Some partner stands in a relation to the thing, or none does.

    Attributes:
        relation: Of `detectors.relations.RELATIONS`.
        partners: Coarse classes or parts of the body, any of them.
        positive: Whether there has to be one, or must not be.
    """

    relation: str
    partners: tuple[str, ...]
    positive: bool = True

    @property
    def text(self) -> str:
        """As it is written in the file."""
        return f"{'' if self.positive else _NOT}{self.relation} {_OR.join(self.partners)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A fine class: all clauses have to be so."""

    name: str
    coarse: str
    clauses: tuple[Clause, ...]


def read_knowledge(path: Path, classes: Sequence[str]) -> tuple[Definition, ...]:
    """Read a YAML file of definitions, in its order.

    Args:
        path: Fine class → ``of`` (coarse class) and ``when`` (clauses in words).
        classes: The coarse classes.

    Raises:
        InvalidInput: There is no such file, a coarse class, relation or partner is not known, or
            an entry has another form.
    """
    try:
        given: Any = yaml.load(path.read_text(encoding="utf-8"), _OnceEach)
    except OSError as error:
        raise InvalidInput(
            f"cannot be read: {error.strerror}",
            where=str(path),
            hint=f"Give a YAML file of definitions; {_FILE} is one.",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInput(f"not YAML: {error}", where=str(path), hint=_FORM) from error
    if not isinstance(given, Mapping) or not given:
        raise InvalidInput(
            "expected fine classes with their definitions", where=str(path), hint=_FORM
        )
    for name in given:
        if not isinstance(name, str):
            raise InvalidInput(
                f"the name {name!r} is no text", where=str(path), hint="Put it into quotes."
            )
    return tuple(_definition(name, entry, path, classes) for name, entry in given.items())


class _OnceEach(yaml.SafeLoader):
    """YAML in which no name stands twice; by the standard's parsers the last one would count."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As its base class does it.

        Raises:
            ConstructorError: A name stands twice.
        """
        seen: set[Any] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name!r} stands twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


@functools.cache
def default_knowledge() -> tuple[Definition, ...]:
    """The definitions that ship with Lookalike."""
    return read_knowledge(_FILE, default_taxonomy().classes)


def _definition(name: str, entry: Any, path: Path, classes: Sequence[str]) -> Definition:
    where = f"{path}, {name}"
    if not isinstance(entry, Mapping) or set(entry) != {"of", "when"}:
        raise InvalidInput(f"got {entry!r}, expected the keys of and when", where=where, hint=_FORM)
    if entry["of"] not in classes:
        raise InvalidInput(
            f"the coarse class {entry['of']!r} is not known",
            where=where,
            hint=f"Known: {', '.join(classes)}.",
        )
    if not isinstance(entry["when"], list):
        raise InvalidInput(
            f"got {entry['when']!r}, expected a list of clauses", where=where, hint=_FORM
        )
    clauses = tuple(_clause(str(each), where, classes) for each in entry["when"])
    return Definition(name=name, coarse=entry["of"], clauses=clauses)


def _clause(text: str, where: str, classes: Sequence[str]) -> Clause:
    positive = not text.startswith(_NOT)
    relation, _, rest = text.removeprefix(_NOT).strip().partition(" ")
    if relation not in RELATIONS:
        raise InvalidInput(
            f"the relation {relation!r} of {text!r} is not known",
            where=where,
            hint=f"Known: {', '.join(RELATIONS)}.",
        )
    partners = tuple(each.strip() for each in rest.split(_OR))
    known = partner_classes(classes)
    unknown = [each for each in partners if each not in known]
    if unknown:
        raise InvalidInput(
            f"the partner {unknown[0]!r} of {text!r} is not known",
            where=where,
            hint=f"Known: {', '.join(known)}.",
        )
    return Clause(relation=relation, partners=partners, positive=positive)
