"""What became of a feed, for people and machines."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from engine.errors import GuardTripped
from engine.types import Outcome, Problem, RawRecord
from ingestion.sources.csv import REJECT_COLUMNS

__all__ = [
    "DeletionsRefused",
    "IngestionReport",
    "RejectedFile",
    "WarningsFile",
    "escape_formula",
    "write_report",
]

REJECTED_NAME = "rejected.csv"
WARNINGS_NAME = "warnings.csv"
REPORT_NAME = "report.json"
_OWN_COLUMNS = ("reject_row", *REJECT_COLUMNS)
_FORMULA = re.compile(r"^'|^[ \u00a0]*[=+\-@\t\r]", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionReport:
    """The result of one ingestion.

    ``rows = indexed + unchanged + rejected``; `deleted` counts vanished products.

    Attributes:
        mapping: The mapping that was used.
        problems: Code → rejected rows.
        warnings: Code → warnings.
        embedded_pictures: Pictures that the encoder saw; the others were known already.
        embedded_texts: Titles likewise.
        looked_at: Products whose pictures were searched for the product itself.
        located: Those of them of which a box was found; of the others the whole picture counts.
        notes: What a person may want to check: encoding, deletions that were not made.
        stopped: The caller asked to stop before the end of the feed.
        rejected_path: The file with the rejected rows; empty where there is none.
        warnings_path: The file with the warnings, row by row; likewise.
    """

    feed: str
    mode: str
    tenant: str
    mapping: str
    rows: int = 0
    indexed: int = 0
    unchanged: int = 0
    rejected: int = 0
    deleted: int = 0
    problems: Mapping[str, int] = field(default_factory=dict[str, int])
    warnings: Mapping[str, int] = field(default_factory=dict[str, int])
    embedded_pictures: int = 0
    embedded_texts: int = 0
    looked_at: int = 0
    located: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    stopped: bool = False
    rejected_path: str = ""
    warnings_path: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Outcome → number."""
        return {
            "indexed": self.indexed,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "deleted": self.deleted,
        }

    @property
    def rows_per_second(self) -> float:
        """Rows read a second, over all."""
        return self.rows / self.seconds if self.seconds else 0.0

    def to_json(self) -> str:
        """One JSON object."""
        held = dataclasses.asdict(self)
        held["rows_per_second"] = round(self.rows_per_second, 1)
        held["seconds"] = round(self.seconds, 3)
        return json.dumps(held, ensure_ascii=False, indent=2)


class DeletionsRefused(GuardTripped):
    """A full feed would delete too much; everything else of it was done, see `report`."""

    code = "guard.deletions"

    def __init__(self, report: IngestionReport, deletions: int, products: int) -> None:
        super().__init__(
            f"{deletions:,} of {products:,} products are not in the feed; none was deleted.",
            where=report.feed,
            hint="If the feed is right, run it again with --yes.",
        )
        self.report = report


def escape_formula(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; `sources.csv` undoes it.

    Every cell that starts with an apostrophe gets one more, so that undoing is exact.
    """
    return "'" + cell if _FORMULA.search(cell) else cell


class RejectedFile:
    """``rejected.csv``: rejected rows as they were, with the reason, to be mended and fed again.

    It appears under its name only when it is whole. Pictures in columns are left out.

    Args:
        folder: Created where needed.
        columns: Of the feed, as far as they are known; cells of other columns follow them.
    """

    def __init__(self, folder: Path, columns: Sequence[str]) -> None:
        self._path = folder / REJECTED_NAME
        self._columns = dict.fromkeys(columns)
        # The header is known with the last row only.
        self._waiting = _nameless_file(folder)
        self._rows = 0

    def add(self, record: RawRecord, problem: Problem) -> None:
        """One rejected row."""
        self._rows += 1
        self._columns.update(dict.fromkeys(record.cells))
        reason = f"{problem.column}: {problem.message}" if problem.column else problem.message
        own = dict(zip(_OWN_COLUMNS, (str(record.row), problem.code, reason), strict=True))
        # As ASCII, so that a lone surrogate of a JSON feed comes through.
        self._waiting.write(json.dumps({**record.cells, **own}) + "\n")

    def finish(self) -> str:
        """Publish the file and say where it is; without a row there is none, nor an older one."""
        if not self._rows:
            self._waiting.close()
            self._path.unlink(missing_ok=True)
            return ""
        columns = [*(each for each in self._columns if each not in _OWN_COLUMNS), *_OWN_COLUMNS]
        self._waiting.seek(0)
        with _whole_file(self._path) as file:
            writer = csv.writer(file)
            writer.writerow(map(escape_formula, columns))
            for line in self._waiting:
                cells: dict[str, str] = json.loads(line)
                writer.writerow([escape_formula(cells.get(each, "")) for each in columns])
        self._waiting.close()
        return str(self._path)

    def discard(self) -> None:
        """Leave nothing behind. After `finish` it does nothing."""
        self._waiting.close()


class WarningsFile:
    """``warnings.csv``: what a merchandiser may want to look at, one line a warning.

    It appears under its name only when it is whole.

    Args:
        folder: Created where needed.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / WARNINGS_NAME
        self._waiting = _nameless_file(folder)
        self._writer = csv.writer(self._waiting)
        self._rows = 0

    def add(self, outcome: Outcome) -> None:
        """The warnings of one row."""
        for each in outcome.warnings:
            self._rows += 1
            cells = (outcome.product_id or "", each.code, each.column, each.value, each.message)
            shown = (cell.encode(errors="replace").decode() for cell in cells)
            self._writer.writerow([outcome.row, *map(escape_formula, shown)])

    def finish(self) -> str:
        """Publish the file and say where it is; without a warning there is none, nor an older."""
        if not self._rows:
            self._waiting.close()
            self._path.unlink(missing_ok=True)
            return ""
        self._waiting.seek(0)
        with _whole_file(self._path) as file:
            csv.writer(file).writerow(("row", "id", "code", "column", "value", "message"))
            shutil.copyfileobj(self._waiting, file)
        self._waiting.close()
        return str(self._path)

    def discard(self) -> None:
        """Leave nothing behind. After `finish` it does nothing."""
        self._waiting.close()


def write_report(folder: Path, report: IngestionReport) -> Path:
    """Write ``report.json``, whole or not at all."""
    path = folder / REPORT_NAME
    with _whole_file(path) as file:
        file.write(report.to_json() + "\n")
    return path


def _nameless_file(folder: Path) -> IO[str]:
    """Where rows wait until all are known; a killed run leaves nothing of it behind."""
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile("w+", dir=folder, encoding="utf-8", newline="")


@contextmanager
def _whole_file(path: Path) -> Generator[IO[str]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        # Lone surrogates have no form in UTF-8; a question mark stands for each.
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
            yield file
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
