"""The dear half of a row's way: a batch of pictures decoded once, embedded together, made points.

An embedding that the catalogue has is not made again, and its picture is not decoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.blobs import BlobFolder
from engine.catalogue.embeddings import EmbeddingBatch
from engine.catalogue.store import CatalogueEntry, CatalogueStore
from engine.catalogue.vectors import ContentKind, product_vectors, rounded, text_hash
from engine.errors import DecodeError
from engine.ids import PictureHash, TenantId
from engine.images import ImageLimits, decode_image
from engine.payload import build_point
from engine.ports import AttributePredictor, DualEncoder
from engine.query.lexicon import Lexicon
from engine.types import ImageRGB, IndexPoint, Problem, Product, VectorName
from ingestion.enrich import Prediction, enrich, predictions_of
from ingestion.mapping import BoundMapping, Field
from ingestion.pictures import EncodedPicture
from ingestion.prepare import PreparedRow

__all__ = ["Embedded", "Embedder", "Finished", "FinishedRow", "Work"]

Vector = NDArray[np.float32]
_Decoded = dict[PictureHash, ImageRGB | DecodeError]
_PER_TASK = 32
"""Pictures that one thread decodes at a time; enough for handing over to cost nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """A batch on its way: what is known already, and the pictures being decoded."""

    rows: tuple[PreparedRow, ...]
    pictures: dict[str, Vector]
    texts: dict[str, Vector]
    decoding: tuple[Future[_Decoded], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """A batch with the vectors of all that could be decoded."""

    rows: tuple[PreparedRow, ...]
    pictures: dict[str, Vector]
    texts: dict[str, Vector]
    damaged: dict[PictureHash, DecodeError]
    new: tuple[EmbeddingBatch, ...]


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


class Embedder:
    """Turns prepared rows into catalogue entries and points."""

    def __init__(
        self,
        *,
        mapping: BoundMapping,
        catalogue: CatalogueStore,
        blobs: BlobFolder,
        encoder: DualEncoder,
        predictor: AttributePredictor | None,
        lexicon: Lexicon,
        tenant: TenantId,
        limits: ImageLimits,
        target_px: int,
    ) -> None:
        self._mapping = mapping
        self._catalogue = catalogue
        self._blobs = blobs
        self._encoder = encoder
        self._predictor = predictor
        self._lexicon = lexicon
        self._tenant = tenant
        self._limits = limits
        self._target_px = target_px

    def keep(self, row: PreparedRow) -> None:
        """Make sure that the pictures of an unchanged row are still stored."""
        for each in row.pictures:
            self._blobs.put(each.data, each.content_hash)

    def start(self, rows: Sequence[PreparedRow], decoders: Executor) -> Work:
        """Look up what is known and begin to decode the rest."""
        fingerprint = self._encoder.encoder_id.fingerprint
        encoded = {each.content_hash: each for row in rows for each in row.pictures}
        pictures = self._catalogue.embeddings(
            encoded, fingerprint=fingerprint, kind=ContentKind.PICTURE
        )
        texts = self._catalogue.embeddings(
            [text_hash(row.row.title) for row in rows],
            fingerprint=fingerprint,
            kind=ContentKind.TEXT,
        )
        for content_hash in pictures:
            # Its product may have been deleted and its file lost since.
            self._blobs.put(encoded[PictureHash(content_hash)].data, PictureHash(content_hash))
        new = [each for content_hash, each in encoded.items() if content_hash not in pictures]
        decoding = tuple(
            decoders.submit(self._decode, new[start : start + _PER_TASK])
            for start in range(0, len(new), _PER_TASK)
        )
        return Work(rows=tuple(rows), pictures=pictures, texts=texts, decoding=decoding)

    def embed(self, work: Work) -> Embedded:
        """Embed what is new."""
        fingerprint = self._encoder.encoder_id.fingerprint
        images: dict[PictureHash, ImageRGB] = {}
        damaged: dict[PictureHash, DecodeError] = {}
        for future in work.decoding:
            for key, image in future.result().items():
                if isinstance(image, DecodeError):
                    damaged[key] = image
                else:
                    images[key] = image
        pictures = _embedded(images, self._encoder.embed_images(list(images.values())))
        titles = {text_hash(row.row.title): row.row.title for row in work.rows}
        new_titles = {key: title for key, title in titles.items() if key not in work.texts}
        texts = _embedded(new_titles, self._encoder.embed_texts(list(new_titles.values())))
        return Embedded(
            rows=work.rows,
            pictures={**work.pictures, **pictures},
            texts={**work.texts, **texts},
            damaged=damaged,
            new=(
                EmbeddingBatch(fingerprint=fingerprint, kind=ContentKind.PICTURE, vectors=pictures),
                EmbeddingBatch(fingerprint=fingerprint, kind=ContentKind.TEXT, vectors=texts),
            ),
        )

    def finish(self, batch: Embedded) -> Finished:
        """Make entries and points."""
        return Finished(rows=tuple(self._finish_rows(batch)), embeddings=batch.new)

    def _decode(self, pictures: Sequence[EncodedPicture]) -> _Decoded:
        decoded: _Decoded = {}
        for each in pictures:
            try:
                image = decode_image(each.data, limits=self._limits, target_px=self._target_px)
            except DecodeError as error:
                # The traceback would keep the picture's buffers alive.
                decoded[each.content_hash] = error.with_traceback(None)
            else:
                decoded[each.content_hash] = image
                self._blobs.put(each.data, each.content_hash)
        return decoded

    def _damaged(self, row: PreparedRow, error: DecodeError, *, is_main: bool) -> Problem:
        field = Field.IMAGE if is_main else Field.MORE_IMAGES
        column = self._mapping.column(field)
        return Problem(
            code=error.code,
            message=str(error),
            column=column,
            value=self._mapping.cell(row.record, field)[:200],
        )

    def _finish_rows(self, batch: Embedded) -> Iterable[FinishedRow]:
        pictures, damaged = batch.pictures, batch.damaged
        drafts: list[tuple[PreparedRow, Product, dict[VectorName, Vector], list[Problem]]] = []
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
            vectors = product_vectors(product, pictures=pictures, texts=batch.texts)
            assert vectors is not None  # every title and every picture kept was embedded
            drafts.append((row, product, vectors, warnings))
        predictions = self._predict([vectors for _, _, vectors, _ in drafts])
        for (row, product, vectors, warnings), prediction in zip(drafts, predictions, strict=True):
            complete = self._complete(product, row, prediction)
            yield FinishedRow(
                prepared=row,
                entry=CatalogueEntry(
                    product=complete, row_hash=row.row.row_hash, version=row.version
                ),
                point=build_point(complete, vectors, version=row.version),
                problem=None,
                warnings=tuple(warnings),
            )

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

    def _predict(self, vectors: Sequence[Mapping[VectorName, Vector]]) -> Sequence[Prediction]:
        if self._predictor is None or not vectors:
            return [{} for _ in vectors]
        stacked = np.stack([each[VectorName.PICTURE] for each in vectors])  # (N, D)
        return predictions_of(self._predictor.predict(stacked), self._predictor.labels)

    def _complete(self, product: Product, row: PreparedRow, prediction: Prediction) -> Product:
        attributes = enrich(
            row.row.attributes, title=product.title, lexicon=self._lexicon, prediction=prediction
        )
        return replace(product, attributes=attributes)


def _embedded(keys: Iterable[str], vectors: NDArray[np.float32]) -> dict[str, Vector]:
    # Through float16 at once: a point must not differ from the one rebuilt from the catalogue.
    return dict(zip(keys, rounded(vectors), strict=True))
