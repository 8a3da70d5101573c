"""Reads the vocabulary's YAML files into typed entries; knows nothing of their use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from engine.errors import InvalidInput
from engine.query.tokens import phrase_key
from engine.types import Facet

FILES: Mapping[Facet, str] = {
    Facet.TYPE: "types.yaml",
    Facet.COLOUR: "colours.yaml",
    Facet.PATTERN: "patterns.yaml",
    Facet.SLEEVE: "sleeves.yaml",
    Facet.NECK: "necks.yaml",
    Facet.LENGTH: "lengths.yaml",
    Facet.MATERIAL: "materials.yaml",
    Facet.GENDER: "genders.yaml",
    Facet.OCCASION: "occasions.yaml",
    Facet.SEASON: "seasons.yaml",
    Facet.CATEGORY: "categories.yaml",
}
"""A file for each facet with a fixed vocabulary; a word of several facets means the first."""
_ENTRY_KEYS = frozenset(
    {"words", "nouns", "feed", "silent", "lacks", "is", "category", "family", "hex"}
)
_QUALITY_KEYS = frozenset({"poles", "more", "less", "rising", "falling", "alone", "of_details"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One canonical value of a facet; all phrases are in look-up form.

    Attributes:
        value: The canonical value.
        key: The canonical value in look-up form.
        words: Other words for it.
        nouns: Words for it that name something lying on the garment ("stripes").
        feed: Words understood in a feed's column only.
        silent: The value itself is understood in a feed's column only.
        lacks: What a garment of this value does not have ("sleeves").
        broader: The values that it is one of.
        category: Of a type.
        family: Of a colour.
        shade: Of a colour: sRGB as six hexadecimal digits.
    """

    value: str
    key: str
    words: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    feed: tuple[str, ...] = ()
    silent: bool = False
    lacks: tuple[str, ...] = ()
    broader: tuple[str, ...] = ()
    category: str = ""
    family: str = ""
    shade: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityEntry:
    """A quality of which there can be more or less; see the head of ``qualities.yaml``."""

    name: str
    poles: tuple[str, str]
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    of_details: bool = False


def read_facet(path: Path, spellings: Mapping[str, str]) -> Iterator[Entry]:
    """The entries of one facet's file, phrases in look-up form.

    Raises:
        InvalidInput: The file cannot be read or has an unexpected form.
    """
    for value, given in _read_mapping(path).items():
        where = f"{path.name}: {value}"
        body = _mapping(given, where)
        _check_keys(body, _ENTRY_KEYS, where)
        yield Entry(
            value=value,
            key=phrase_key(value, spellings),
            words=_phrases(body.get("words"), where, spellings),
            nouns=_phrases(body.get("nouns"), where, spellings),
            feed=_phrases(body.get("feed"), where, spellings),
            silent=body.get("silent") is True,
            lacks=_phrases(body.get("lacks"), where, spellings),
            broader=_strings(body.get("is"), where),
            category=str(body.get("category", "")),
            family=str(body.get("family", "")),
            shade=str(body.get("hex", "")),
        )


def read_qualities(path: Path, spellings: Mapping[str, str]) -> Iterator[QualityEntry]:
    """The entries of the qualities' file, words in look-up form.

    Raises:
        InvalidInput: The file cannot be read or has an unexpected form.
    """
    for name, given in _read_mapping(path).items():
        where = f"{path.name}: {name}"
        body = _mapping(given, where)
        _check_keys(body, _QUALITY_KEYS, where)
        poles = _strings(body.get("poles"), where)
        if len(poles) != 2:
            raise InvalidInput(f"got {len(poles)} poles, expected 2", where=where)
        yield QualityEntry(
            name=name,
            poles=(poles[0], poles[1]),
            more=_phrases(body.get("more"), where, spellings),
            less=_phrases(body.get("less"), where, spellings),
            rising=_phrases(body.get("rising"), where, spellings),
            falling=_phrases(body.get("falling"), where, spellings),
            alone=_phrases(body.get("alone"), where, spellings),
            of_details=body.get("of_details") is True,
        )


def read_language(path: Path) -> tuple[Mapping[str, str], Mapping[str, tuple[str, ...]]]:
    """Spellings, and the lists of phrases by name.

    Raises:
        InvalidInput: The file cannot be read or has an unexpected form.
    """
    body = dict(_read_mapping(path))
    spellings = _mapping(body.pop("spellings", {}), f"{path.name}: spellings")
    lists = {name: _strings(given, f"{path.name}: {name}") for name, given in body.items()}
    return {word: str(ours) for word, ours in spellings.items()}, lists


def read_words(path: Path) -> frozenset[str]:
    """A file whose key ``words`` holds words separated by white space.

    Raises:
        InvalidInput: The file cannot be read or has an unexpected form.
    """
    words: object = _read_mapping(path).get("words")
    if not isinstance(words, str):
        raise InvalidInput(f"got {words!r}, expected a text under `words`", where=path.name)
    return frozenset(words.split())


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"the vocabulary file cannot be read ({error})",
            where=str(path),
            hint="Give a folder that holds all files of engine/query/vocabulary.",
        ) from error


def _read_mapping(path: Path) -> Mapping[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where it is built in
    try:
        parsed: object = yaml.load(_read_text(path), loader)
    except yaml.YAMLError as error:
        raise InvalidInput(f"not YAML ({error})", where=str(path)) from error
    return _mapping(parsed, path.name)


def _mapping(given: object, where: str) -> Mapping[str, Any]:
    if isinstance(given, dict):
        body = cast("Mapping[object, Any]", given)
        if all(isinstance(key, str) for key in body):
            return cast("Mapping[str, Any]", body)
    raise InvalidInput("expected a mapping with text keys, got something else", where=where)


def _strings(given: object, where: str) -> tuple[str, ...]:
    if given is None:
        return ()
    if isinstance(given, list):
        items = cast("list[object]", given)
        if all(isinstance(item, str) for item in items):
            return tuple(cast("list[str]", given))
    raise InvalidInput(f"got {given!r}, expected a list of texts", where=where)


def _phrases(given: object, where: str, spellings: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(phrase_key(phrase, spellings) for phrase in _strings(given, where))


def _check_keys(body: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    unknown = sorted(set(body) - known)
    if unknown:
        raise InvalidInput(f"unknown keys {unknown}, expected some of {sorted(known)}", where=where)
