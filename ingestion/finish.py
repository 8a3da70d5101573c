"""The last third of a row's way: from vectors and boxes to catalogue entries and points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.catalogue.embeddings import EmbeddingBatch
from engine.catalogue.looks import LookBatch
from engine.catalogue.store import CatalogueEntry
from engine.catalogue.vectors import ContentKind, product_vectors, text_hash
from engine.detections import SeenPicture
from engine.errors import DecodeError
from engine.ids import TenantId
from engine.look import LookService
from engine.payload import build_point
from engine.ports import AttributePredictor
from engine.query.lexicon import Lexicon
from engine.types import Attribute, Facet, IndexPoint, Problem, Product, Provenance, VectorName
from ingestion.embed import Embedded
from ingestion.enrich import Prediction, enrich, predictions_of
from ingestion.mapping import BoundMapping, Field
from ingestion.prepare import PreparedRow
from ingestion.views import Gallery, TypeJudge, look_at_gallery

__all__ = ["Finished", "FinishedRow", "Finisher"]

Vector = NDArray[np.float32]
_NOT_SEEN = SeenPicture(
    width_px=1, height_px=1, detections=(), vectors=np.empty((0, 0), np.float32)
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinishedRow:
    """How one row of a batch came out.

    Attributes:
        entry: ``None`` when the main picture is damaged.
        point: Likewise.
        problem: Why there is no entry.
        warnings: Of the row and of its pictures.
    """

    prepared: PreparedRow
    entry: CatalogueEntry | None
    point: IndexPoint | None
    problem: Problem | None
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """A batch that is ready to be written."""

    rows: tuple[FinishedRow, ...]
    embeddings: tuple[EmbeddingBatch, ...]
    looks: LookBatch | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Draft:
    """A product before its attributes are known."""

    row: PreparedRow
    product: Product
    gallery: Gallery | None
    vectors: Mapping[VectorName, Vector]
    warnings: Sequence[Problem]


class Finisher:
    """Turns embedded rows into catalogue entries and points.

    Args:
        mapping: Names the feed's columns in problems.
        fingerprint: Of the encoder.
        predictor: Reads attributes from vectors; skipped when absent.
        look: Says which boxes show the product; whole pictures are taken when absent.
        lexicon: Canonical values.
        tenant: Whose products.
    """

    def __init__(
        self,
        *,
        mapping: BoundMapping,
        fingerprint: str,
        predictor: AttributePredictor | None,
        look: LookService | None,
        lexicon: Lexicon,
        tenant: TenantId,
    ) -> None:
        self._mapping = mapping
        self._fingerprint = fingerprint
        self._predictor = predictor
        self._look = look
        self._lexicon = lexicon
        self._tenant = tenant
        self._judge: TypeJudge | None = None
        if look is not None:
            types = predictor.labels.get(Facet.TYPE, ()) if predictor else ()
            self._judge = TypeJudge(look, types, lexicon)

    def finish(self, batch: Embedded) -> Finished:
        """Make entries and points."""
        views: dict[str, Vector] = {}
        rows = tuple(self._finish_rows(batch, views))
        held = EmbeddingBatch(fingerprint=self._fingerprint, kind=ContentKind.VIEW, vectors=views)
        return Finished(rows=rows, embeddings=(*batch.new, held), looks=batch.new_looks)

    def _damaged(self, row: PreparedRow, error: DecodeError, *, is_main: bool) -> Problem:
        field = Field.IMAGE if is_main else Field.MORE_IMAGES
        column = self._mapping.column(field)
        return Problem(
            code=error.code,
            message=str(error),
            column=column,
            value=self._mapping.cell(row.record, field)[:200],
        )

    def _finish_rows(self, batch: Embedded, views: dict[str, Vector]) -> Iterable[FinishedRow]:
        pictures, damaged = dict(batch.pictures), batch.damaged
        drafts: list[_Draft] = []
        for row in batch.rows:
            if row.pictures[0].content_hash not in pictures:
                error = damaged[row.pictures[0].content_hash]
                yield FinishedRow(
                    prepared=row, entry=None, point=None,
                    problem=self._damaged(row, error, is_main=True), warnings=row.warnings,
                )  # fmt: skip
                continue
            warnings = list(row.warnings)
            for each in row.pictures[1:]:
                error = damaged.get(each.content_hash)
                if error is not None:
                    warnings.append(self._damaged(row, error, is_main=False))
            product = self._product(row, pictures)
            gallery = self._gallery(product, batch)
            if gallery is not None:
                product = replace(product, views=gallery.views)
                views.update(gallery.vectors)
                pictures.update(gallery.vectors)
            vectors = product_vectors(product, pictures=pictures, texts=batch.texts)
            assert vectors is not None  # every title and every picture kept was embedded
            drafts.append(
                _Draft(
                    row=row, product=product, gallery=gallery, vectors=vectors, warnings=warnings
                )
            )
        shares = self._shares(drafts)
        types = shares.get(Facet.TYPE, np.empty((len(drafts), 0), np.float32))
        predictions = self._predictions(drafts, shares)
        for draft, prediction, likely in zip(drafts, predictions, types, strict=True):
            yield self._finished(draft, prediction, likely, batch)

    def _gallery(self, product: Product, batch: Embedded) -> Gallery | None:
        if self._look is None:
            return None
        wholes = {each: batch.pictures[each] for each in product.pictures}
        # A picture that was embedded once but cannot be decoded now was never looked at.
        seen = [batch.looks.get(each, _NOT_SEEN) for each in product.pictures]
        title = batch.texts[text_hash(product.title)]
        return look_at_gallery(wholes, seen, title, self._look)

    def _finished(
        self, draft: _Draft, prediction: Prediction, types: Vector, batch: Embedded
    ) -> FinishedRow:
        row, gallery = draft.row, draft.gallery
        warnings = list(draft.warnings)
        attributes = self._attributes(draft, prediction)
        product = replace(draft.product, attributes=attributes)
        if gallery is not None and self._judge is not None:
            doubt = self._judge.doubt(attributes, gallery, types)
            if doubt is not None:
                warnings.append(self._doubted(row, *doubt))
                draft = self._whole(draft, batch)
                (again,) = self._predictions([draft])
                product = replace(draft.product, attributes=self._attributes(draft, again))
            else:
                named = self._judge.name(gallery, attributes, types)
                product = replace(
                    product, views=named.views, attributes=(*attributes, *named.attributes)
                )
        return FinishedRow(
            prepared=row,
            entry=CatalogueEntry(product=product, row_hash=row.row.row_hash, version=row.version),
            point=build_point(product, draft.vectors, version=row.version),
            problem=None,
            warnings=tuple(warnings),
        )

    def _attributes(self, draft: _Draft, prediction: Prediction) -> tuple[Attribute, ...]:
        return enrich(
            draft.row.row.attributes,
            title=draft.product.title,
            lexicon=self._lexicon,
            prediction=prediction,
        )

    def _whole(self, draft: _Draft, batch: Embedded) -> _Draft:
        """The draft with whole pictures: a box that shows something else must not stand for it."""
        views = tuple(replace(view, box=None) for view in draft.product.views)
        product = replace(draft.product, views=views)
        vectors = product_vectors(product, pictures=batch.pictures, texts=batch.texts)
        assert vectors is not None  # these are what the boxes' views were made of
        return replace(draft, product=product, gallery=None, vectors=vectors)

    def _doubted(self, row: PreparedRow, said: Attribute, shown: str) -> Problem:
        """For the merchandiser to look at; the feed's word holds all the same."""
        is_titled = said.provenance is Provenance.TITLE
        field = Field.TITLE if is_titled else Field.TYPE
        who = "the title" if is_titled else "the feed"
        return Problem(
            code="row.type_doubtful",
            message=f"{who} says {said.value}, the picture shows {shown}.",
            column=self._mapping.column(field),
            value=self._mapping.cell(row.record, field)[:200],
        )

    def _shares(self, drafts: Sequence[_Draft]) -> Mapping[Facet, NDArray[np.float32]]:
        if self._predictor is None or not drafts:
            return {}
        stacked = np.stack([each.vectors[VectorName.PICTURE] for each in drafts])  # (N, D)
        return self._predictor.predict(stacked)

    def _product(self, prepared: PreparedRow, pictures: Mapping[str, Vector]) -> Product:
        row = prepared.row
        hashes = [each.content_hash for each in prepared.pictures if each.content_hash in pictures]
        return Product(
            product_id=row.product_id,
            tenant=self._tenant,
            title=row.title,
            description=row.description,
            brand=row.brand,
            link=row.link,
            group_id=row.group_id,
            price_minor=row.price_minor,
            currency=row.currency,
            availability=row.availability,
            pictures=tuple(dict.fromkeys(hashes)),
        )

    def _predictions(
        self,
        drafts: Sequence[_Draft],
        shares: Mapping[Facet, NDArray[np.float32]] | None = None,
    ) -> Sequence[Prediction]:
        found = self._shares(drafts) if shares is None else shares
        if self._predictor is None or not found:
            return [{} for _ in drafts]
        return predictions_of(found, self._predictor.labels)
