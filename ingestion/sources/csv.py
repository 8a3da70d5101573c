"""CSV and its relatives (TSV, semicolons, pipes), streamed.

`csv` of the standard library parses one record at a time; where a record ends is found here, so
that an unclosed quote costs one row and not the rest of the feed.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

from engine.errors import FeedError
from engine.types import RawRecord
from ingestion.sources import text
from ingestion.sources.encoding import Encoding
from ingestion.sources.source import MAX_CELL_CHARS

DELIMITERS = (",", "\t", ";", "|")
REJECT_COLUMNS = ("reject_code", "reject_reason")
"""Columns that `ingestion.report` adds; a feed that has both was written by us."""

_QUOTES = 'a quote is not closed or stands within a cell; write it twice ("") in a quoted cell.'
_MAX_RECORD_LINES = 2_000
"""A quoted cell with more line breaks than this is taken for an unclosed quote."""


class CsvSource:
    """One CSV file.

    Args:
        path: Ending in ``.gz`` it is unpacked on the way.
        encoding: Detected when empty.
        delimiter: Found in the header when empty.

    Raises:
        FeedError: No file, no header, a column twice, or a damaged archive.
    """

    def __init__(self, path: Path, *, encoding: str = "", delimiter: str = "") -> None:
        csv.field_size_limit(2 * MAX_CELL_CHARS)  # the module's own default is 131,072
        self._path = path
        text.check_archive(path)
        self._encoding = Encoding(name=encoding) if encoding else text.detect(path)
        self._damage = text.damage(self._encoding.name)
        header = self._read_header()
        self._delimiter = delimiter or _sniff(header)
        try:
            self._columns = self._name_columns(_parse(header, self._delimiter))
        except csv.Error as error:
            raise self._error(f"the header cannot be read ({error}).", _QUOTES) from error
        self._is_ours = set(REJECT_COLUMNS) <= set(self._columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order of the file."""
        return self._columns

    @property
    def notes(self) -> tuple[str, ...]:
        """The encoding and the delimiter where they are not the usual ones."""
        found = [self._encoding.note] if self._encoding.note else []
        if self._delimiter != ",":
            found.append(f"columns are separated by {self._delimiter!r}")
        return tuple(found)

    def records(self) -> Iterator[RawRecord]:
        """The rows after the header; blank lines are none."""
        with self._open() as file:
            lines = _Lines(file)
            next(_iter_records(lines, self._delimiter))
            for row, record in enumerate(_iter_records(lines, self._delimiter), start=1):
                yield self._read(row, record)

    def _open(self) -> io.TextIOWrapper:
        # Line ends are kept: they may stand within a quoted cell, and a lone CR ends a line too.
        return text.open_text(self._path, self._encoding.name, newline="")

    def _read_header(self) -> str:
        try:
            with self._open() as file:
                record = next(_iter_records(_Lines(file), ""), None)
        except UnicodeError as error:
            raise self._error(f"the text is not {self._encoding.name} ({error}).") from error
        except LookupError as error:
            raise self._error(f"{self._encoding.name!r} is no known encoding.") from error
        if record is None:
            raise FeedError(
                "the feed is empty.", where=str(self._path), code="feed.empty",
                hint="Nothing was changed.",
            )  # fmt: skip
        return record.text.removeprefix("\ufeff")

    def _name_columns(self, cells: list[str]) -> tuple[str, ...]:
        names = [cell.strip() for cell in cells]
        while names and not names[-1]:
            names.pop()  # a delimiter at the end of every line
        names = [name or f"column_{place}" for place, name in enumerate(names, start=1)]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise FeedError(
                f"the header names {', '.join(map(repr, twice))} twice.",
                where=str(self._path),
                hint="Rename or remove one of them: which one counts cannot be guessed.",
                code="feed.duplicate_column",
            )
        return tuple(names)

    def _read(self, row: int, record: _Record) -> RawRecord:
        where = f"line {record.line}"
        damaged = not record.text.isascii() and self._damage.search(record.text) is not None
        content = text.printable(record.text) if damaged else record.text
        problem, message = record.problem, record.message and f"{where}: {record.message}"
        try:
            cells = [] if problem else _parse(content, self._delimiter)
        except csv.Error:
            # What can be told of a broken line still names the product in the report.
            cells = content.strip("\r\n").split(self._delimiter)[: len(self._columns)]
            problem, message = "row.columns", f"{where}: {_QUOTES}"
        surplus = cells[len(self._columns) :]
        if not problem and damaged:
            problem = "row.encoding"
            message = f"{where}: bytes that are not {self._encoding.name}; save the feed as UTF-8."
        elif not problem and (len(cells) < len(self._columns) or any(surplus)):
            problem = "row.columns"
            message = (
                f"{where}: {len(cells)} cells, but the header has {len(self._columns)} columns; "
                "check for a missing delimiter or an unquoted one."
            )
        elif not problem and _has_long_cell(cells):
            problem = "row.too_long"
            message = f"{where}: a cell has more than {MAX_CELL_CHARS:,} characters."
        if self._is_ours:
            cells = [unescape_formula(cell) for cell in cells]
        return RawRecord(
            row=row,
            cells=dict(zip(self._columns, cells, strict=False)),
            problem=problem,
            problem_text=message,
        )

    def _error(self, what: str, hint: str = "Save the feed as UTF-8.") -> FeedError:
        return FeedError(what, where=str(self._path), hint=hint)


def unescape_formula(cell: str) -> str:
    """What `ingestion.report.escape_formula` made safe, as it was."""
    return cell[1:] if cell.startswith("'") else cell


class _Record:
    """The lines of one record.

    Attributes:
        line: 1-based number of its first line in the file.
    """

    __slots__ = ("line", "message", "problem", "text")

    def __init__(self, content: str, line: int, problem: str = "", message: str = "") -> None:
        self.text = content
        self.line = line
        self.problem = problem
        self.message = message


class _Lines:
    """Lines with their numbers, which can be given back."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._fresh = text.bounded_lines(file, max_chars=2 * MAX_CELL_CHARS)
        self._returned: deque[tuple[str, bool]] = deque()
        self.line = 0

    def take(self) -> tuple[str, bool] | None:
        """The next line and whether it was cut; ``None`` at the end."""
        self.line += 1
        return self._returned.popleft() if self._returned else next(self._fresh, None)

    def give_back(self, lines: list[tuple[str, bool]]) -> None:
        """Put lines back to be taken again."""
        self._returned.extendleft(reversed(lines))
        self.line -= len(lines)


def _iter_records(lines: _Lines, delimiter: str) -> Iterator[_Record]:
    """Records; with no delimiter (a header not yet understood) any of `DELIMITERS` ends a cell."""
    while (taken := lines.take()) is not None:
        content, cut = taken
        if not content.strip("\r\n \ufeff"):
            continue
        first = lines.line
        if cut:
            yield _Record("", first, "row.too_long", "the line has more than 2,000,000 characters.")
            continue
        if '"' not in content or not _ends_quoted(content, delimiter, quoted=False):
            yield _Record(content, first)
            continue
        rest = _complete(lines, content, delimiter)
        if rest is not None:
            yield _Record(content + rest, first)
        else:
            yield _Record(content, first)  # which cannot be parsed, as its reader will find


def _complete(lines: _Lines, first: str, delimiter: str) -> str | None:
    """The lines up to the closing quote; ``None``, and all given back, where there is none."""
    taken: list[tuple[str, bool]] = []
    length = len(first)
    while len(taken) < _MAX_RECORD_LINES:
        following = lines.take()
        if following is None:
            lines.line -= 1
            break
        taken.append(following)
        length += len(following[0])
        if following[1] or length > 2 * MAX_CELL_CHARS:
            break
        if not _ends_quoted(following[0], delimiter, quoted=True):
            rest = "".join(content for content, _ in taken)
            if _is_well_formed(first + rest, delimiter):
                return rest
            break  # the quote that closes it opens another cell: the closing one is missing
    lines.give_back(taken)
    return None


def _ends_quoted(content: str, delimiter: str, *, quoted: bool) -> bool:
    """Whether the end of a line lies within a quoted cell; `quoted` says whether its start does."""
    place = 0
    while True:
        if quoted:
            quote = content.find('"', place)
            if quote < 0:
                return True
            if content[quote + 1 : quote + 2] == '"':
                place = quote + 2
                continue
            place = quote + 1
            quoted = False
        elif content[place : place + 1] == '"':
            place += 1
            quoted = True
            continue
        ends = [content.find(each, place) for each in (delimiter or DELIMITERS)]
        nearest = min((end for end in ends if end >= 0), default=-1)
        if nearest < 0:
            return False
        place = nearest + 1


def _is_well_formed(record: str, delimiter: str) -> bool:
    try:
        _parse(record, delimiter or DELIMITERS[0])
    except csv.Error:
        return not delimiter
    return True


def _parse(record: str, delimiter: str) -> list[str]:
    """The cells of one complete record.

    Raises:
        csv.Error: A quote stands where none may, or is never closed.
    """
    # A line's end closes the record; within quotes it is part of the cell.
    for cells in csv.reader([record.rstrip("\r\n")], delimiter=delimiter, strict=True):
        return cells
    return []


def _has_long_cell(cells: list[str]) -> bool:
    return any(len(cell) > MAX_CELL_CHARS for cell in cells)


def _sniff(header: str) -> str:
    """The delimiter that makes the most columns of a header."""
    counts: dict[str, int] = {}
    for delimiter in DELIMITERS:
        try:
            counts[delimiter] = len(_parse(header, delimiter))
        except csv.Error:
            counts[delimiter] = 0
    return max(DELIMITERS, key=lambda each: counts[each])
