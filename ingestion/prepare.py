"""The cheap half of a row's way: read, judged, compared with what is there; nothing decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.catalogue.store import ProductState, Stamp
from engine.ids import ProductId
from engine.look import LookService
from engine.ports import AttributePredictor
from engine.types import Outcome, OutcomeKind, Problem, RawRecord
from engine.views import CROP_WEIGHT
from ingestion.mapping import BoundMapping, Field
from ingestion.normalise import Normaliser, NormalRow, Rejected
from ingestion.pictures import EncodedPicture, PictureProblem, PictureReader

__all__ = ["PreparedRow", "Preparer", "recipe"]

ENRICHMENT = 4
"""Grows when the same row and pictures would become another point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRow:
    """A row that becomes a point unless its main picture turns out to be damaged.

    Attributes:
        record: As read, for the file of rejected rows.
        pictures: Read, main picture first.
        version: See `engine.payload.VERSION`.
        unchanged: The index has exactly this.
        warnings: Of the row and of its further pictures.
    """

    record: RawRecord
    row: NormalRow
    pictures: tuple[EncodedPicture, ...]
    version: str
    unchanged: bool
    warnings: tuple[Problem, ...]


def recipe(
    fingerprint: str,
    predictor: AttributePredictor | None,
    look: LookService | None,
    sight: str,
) -> str:
    """What besides a row and its pictures makes a point: encoder, predictor, what looks and how."""
    labels = sorted(predictor.labels.items()) if predictor else []
    revision = predictor.revision if predictor else ""
    seen = f"{look.revision}|{sight}|{CROP_WEIGHT}" if look else ""
    return f"{ENRICHMENT}|{fingerprint}|{revision}|{labels!r}|{seen}"


class Preparer:
    """Prepares the rows of one feed in their order.

    The first row with an id whose pictures can be read has it; a later one with the same content
    counts as unchanged, with another content as ``row.duplicate_id``.

    Args:
        known: What the catalogue has.
        recipe: See the function `recipe`.
        refresh: Nothing counts as unchanged.
    """

    def __init__(
        self,
        *,
        mapping: BoundMapping,
        normaliser: Normaliser,
        pictures: PictureReader,
        known: Mapping[ProductId, Stamp],
        recipe: str,
        refresh: bool = False,
    ) -> None:
        self._mapping = mapping
        self._normaliser = normaliser
        self._pictures = pictures
        self._known = known
        self._recipe = hashlib.sha256(recipe.encode())
        self._refresh = refresh
        self._claimed: dict[ProductId, str] = {}
        self.named: set[ProductId] = set()
        """Every id that any row named, rejected ones too: those products have not vanished."""
        self.unreadable = 0
        """Rows that could not be read as records and name no known product: ragged, no JSON, too
        long, undecodable. Any product may have been meant."""

    def prepare(self, record: RawRecord) -> PreparedRow | Outcome:
        """The row ready to be decoded, or how it ended."""
        try:
            row = self._normaliser.normalise(record)
        except Rejected as error:
            if error.product_id:
                self.named.add(error.product_id)
            # Of a broken record the id may be broken too, so only one that is known counts.
            if record.problem and error.product_id not in self._known:
                self.unreadable += 1
            return _rejected(record, error.product_id, error.problem)
        self.named.add(row.product_id)
        pictures: list[EncodedPicture] = []
        warnings = list(row.warnings)
        identity: list[str] = [row.row_hash]
        for place, picture in enumerate(row.pictures):
            try:
                read = self._pictures.read(picture)
            except PictureProblem as error:
                problem = self._in_column(error.problem, is_main=place == 0)
                if place == 0:
                    return _rejected(record, row.product_id, problem, warnings)
                warnings.append(problem)
                identity.append(problem.code)
            else:
                pictures.append(read)
                identity.append(read.content_hash)
        version = self._version(identity)
        earlier = self._claimed.get(row.product_id)
        if earlier is not None:
            return self._duplicate(record, row, is_same=earlier == version)
        self._claimed[row.product_id] = version
        stamp = self._known.get(row.product_id)
        return PreparedRow(
            record=record,
            row=row,
            pictures=tuple(pictures),
            version=version,
            unchanged=(
                not self._refresh
                and stamp is not None
                and stamp.version == version
                and stamp.state is ProductState.INDEXED
            ),
            warnings=tuple(warnings),
        )

    def _version(self, identity: Sequence[str]) -> str:
        made = self._recipe.copy()
        made.update("|".join(identity).encode())
        return made.hexdigest()

    def _in_column(self, problem: Problem, *, is_main: bool) -> Problem:
        return Problem(
            code=problem.code,
            message=problem.message,
            column=self._mapping.column(Field.IMAGE if is_main else Field.MORE_IMAGES),
            value=problem.value,
        )

    def _duplicate(self, record: RawRecord, row: NormalRow, *, is_same: bool) -> Outcome:
        problem = Problem(
            code="row.duplicate_id",
            message=(
                "an earlier row of the feed says the same of this id."
                if is_same
                else "an earlier row of the feed has this id and says something else; keep one."
            ),
            column=self._mapping.column(Field.ID),
            value=row.product_id[:200],
        )
        if is_same:
            return Outcome(
                row=record.row,
                kind=OutcomeKind.UNCHANGED,
                product_id=row.product_id,
                warnings=(problem,),
            )
        return _rejected(record, row.product_id, problem)


def _rejected(
    record: RawRecord,
    product_id: ProductId | None,
    problem: Problem,
    warnings: Sequence[Problem] = (),
) -> Outcome:
    return Outcome(
        row=record.row,
        kind=OutcomeKind.REJECTED,
        product_id=product_id,
        problem=problem,
        warnings=tuple(warnings),
    )
