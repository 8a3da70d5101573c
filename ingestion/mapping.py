"""Which column of a feed holds which field of a product.

A mapping is data: a preset in `ingestion/mappings`, a user's YAML file of the same form, or pairs
such as ``id=sku,title=name``. Bound to the columns of one feed it answers with cells.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import cast

import yaml

from engine.errors import FeedError, InvalidInput
from engine.types import RawRecord

__all__ = ["BoundMapping", "ColumnMapping", "Field", "choose_mapping", "load_mapping", "presets"]

_FOLDER = Path(__file__).parent / "mappings"
_PAIRS = re.compile(r"\s*\w+\s*=\s*[^,=]+(,\s*\w+\s*=\s*[^,=]+)*\s*")
AUTOMATIC = "auto"
"""Stands for the first preset whose needed columns the feed has."""


class Field(StrEnum):
    """What a column can hold."""

    ID = "id"
    TITLE = "title"
    DESCRIPTION = "description"
    LINK = "link"
    IMAGE = "image"
    """The main picture: a path, or bytes where the feed carries pictures."""
    MORE_IMAGES = "more_images"
    PRICE = "price"
    SALE_PRICE = "sale_price"
    CURRENCY = "currency"
    BRAND = "brand"
    COLOUR = "colour"
    GENDER = "gender"
    AGE_GROUP = "age_group"
    TYPE = "type"
    CATEGORY = "category"
    GROUP_ID = "group_id"
    AVAILABILITY = "availability"
    MATERIAL = "material"
    PATTERN = "pattern"
    SLEEVE = "sleeve"
    LENGTH = "length"
    NECK = "neck"
    OCCASION = "occasion"
    SEASON = "season"


NEEDED = (Field.ID, Field.TITLE, Field.IMAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """Field → the columns that may hold it, the best first.

    Attributes:
        name: For messages.
    """

    name: str
    columns: Mapping[Field, tuple[str, ...]]

    def bind(self, columns: Sequence[str]) -> BoundMapping:
        """The mapping for a feed with these columns.

        Raises:
            FeedError: A needed field has no column.
        """
        by_name: dict[str, str] = {}
        for column in columns:
            by_name.setdefault(_plain(column), column)
        found = {
            field: next((by_name[_plain(name)] for name in names if _plain(name) in by_name), "")
            for field, names in self.columns.items()
        }
        missing = [field for field in NEEDED if not found.get(field)]
        if missing:
            raise self._missing(missing, columns)
        return BoundMapping(
            name=self.name, columns={field: column for field, column in found.items() if column}
        )

    def _missing(self, fields: Sequence[Field], columns: Sequence[str]) -> FeedError:
        wanted = "; ".join(
            f"{field.value} (tried {', '.join(self.columns.get(field, ())) or 'nothing'})"
            for field in fields
        )
        pairs = ",".join(f"{field.value}=COLUMN" for field in fields)
        return FeedError(
            f"no column for {wanted}. The feed has: {', '.join(columns) or 'none'}.",
            where=f"mapping {self.name}",
            hint=f"Name the columns with --mapping {pairs}, or choose {' or '.join(presets())}.",
            code="feed.column_missing",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundMapping:
    """Field → the one column of a feed that holds it."""

    name: str
    columns: Mapping[Field, str]

    @property
    def fingerprint(self) -> str:
        """Changes when the same rows would be read otherwise."""
        pairs = sorted((field.value, column) for field, column in self.columns.items())
        return hashlib.sha256(repr(pairs).encode()).hexdigest()[:16]

    def column(self, field: Field) -> str:
        """The column of a field; empty where the feed has none."""
        return self.columns.get(field, "")

    def cell(self, record: RawRecord, field: Field) -> str:
        """The text of a field; empty where there is none."""
        column = self.columns.get(field)
        return record.cells.get(column, "") if column else ""

    def blob(self, record: RawRecord, field: Field) -> bytes:
        """The bytes of a field; empty where there are none."""
        column = self.columns.get(field)
        return record.blobs.get(column, b"") if column else b""


def presets() -> tuple[str, ...]:
    """Names of the mappings that come with Lookalike."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@cache
def _preset(name: str) -> ColumnMapping:
    return _read(_FOLDER / f"{name}.yaml", name)


def load_mapping(name: str, *, allow_files: bool = True) -> ColumnMapping:
    """A preset, a YAML file, or pairs ``field=column,…`` on top of the preset ``google``.

    Args:
        name: Which.
        allow_files: Off for names that come over the network: they must not open local files.

    Raises:
        InvalidInput: There is no such preset or file, or it is malformed.
    """
    if name in presets():
        return _preset(name)
    if allow_files and name.endswith((".yaml", ".yml")):
        return _read(Path(name), name)
    if _PAIRS.fullmatch(name):
        pairs = dict(pair.split("=", 1) for pair in name.split(","))
        own = _checked({field.strip(): [column.strip()] for field, column in pairs.items()}, name)
        return ColumnMapping(name=name, columns={**load_mapping("google").columns, **own})
    raise InvalidInput(
        f"there is no mapping {name!r}.",
        where="mapping",
        hint=f"Use {', '.join(presets())}, a file ending in .yaml, or id=COLUMN,title=COLUMN,…",
        code="mapping.unknown",
    )


def choose_mapping(name: str, columns: Sequence[str]) -> BoundMapping:
    """The mapping of a feed.

    Args:
        name: As for `load_mapping`, or `AUTOMATIC`.
        columns: The columns of the feed.

    Raises:
        FeedError: A needed field has no column.
        InvalidInput: See `load_mapping`.
    """
    if name != AUTOMATIC:
        return load_mapping(name).bind(columns)
    for preset in presets():
        # A preset fits when the most telling of its columns are there, not just three.
        mapping = load_mapping(preset)
        if preset != "google" and _fits_exactly(mapping, columns):
            return mapping.bind(columns)
    return load_mapping("google").bind(columns)


def _fits_exactly(mapping: ColumnMapping, columns: Sequence[str]) -> bool:
    return all(any(name in columns for name in names) for names in mapping.columns.values())


def _read(path: Path, name: str) -> ColumnMapping:
    try:
        held: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidInput(
            f"the mapping cannot be read ({error}).", where=str(path), code="mapping.unreadable"
        ) from error
    return ColumnMapping(name=name, columns=_checked(held, name))


def _checked(held: object, name: str) -> dict[Field, tuple[str, ...]]:
    known = ", ".join(Field)
    if not isinstance(held, dict):
        raise InvalidInput(
            "a mapping is a list of 'field: [column, …]'.", where=name, hint=f"Fields: {known}.",
            code="mapping.unreadable",
        )  # fmt: skip
    columns: dict[Field, tuple[str, ...]] = {}
    for field, names in cast("dict[object, object]", held).items():
        if field not in set(Field):
            raise InvalidInput(
                f"there is no field {field!r}.", where=name, hint=f"Fields: {known}.",
                code="mapping.unreadable",
            )  # fmt: skip
        listed = cast("list[object]", names) if isinstance(names, list) else [names]
        columns[Field(str(field))] = tuple(str(each) for each in listed)
    return columns


def _plain(column: str) -> str:
    plain = re.sub(r"[\s\-_]+", "_", column.strip().casefold())
    return plain.removeprefix("g:")
