"""The wire form of jobs that draw variants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api.convert import time_text, to_edit
from api.schemas.search import DegradationOut
from api.schemas.variants import (
    EngineOut,
    SourceOut,
    VariantOut,
    VariantReferenceOut,
    VariantsOut,
)
from api.variants.asked import Asked
from api.variants.pictures import Drawn
from engine.catalogue.render_records import JobPicture, RenderRecord
from engine.rendering import Rendering, Source

__all__ = ["rendered_out", "to_variants"]


def to_variants(record: RenderRecord) -> VariantsOut:
    """A job as it is now."""
    asked = Asked.from_json(record.asked)
    return VariantsOut(
        id=record.job_id,
        status=record.status.value,
        position=record.position,
        done=len(record.pictures),
        count=record.count,
        engine=EngineOut(name=record.engine, revision=record.revision),
        seed=asked.seed,
        modification=asked.modification,
        edits=[to_edit(each) for each in asked.edits],
        unseen=[DegradationOut(part=each.part, message=each.message) for each in asked.unseen],
        before={facet.value: value for facet, value in asked.before.items()},
        after={facet.value: value for facet, value in asked.after.items()},
        reference=VariantReferenceOut(
            product_id=asked.product_id, title=asked.title, image_url=asked.image_url
        ),
        variants=[_variant(record.job_id, each) for each in record.pictures],
        cached=record.cached,
        submitted_at=time_text(record.created_s),
        started_at=time_text(record.started_s),
        finished_at=time_text(record.finished_s),
        expires_at=time_text(record.expires_s),
        error_code=record.error_code,
        error=record.error,
    )


def rendered_out(asked: Asked, made: Sequence[tuple[Rendering, Path]]) -> dict[str, Any]:
    """What was drawn into files, in the names of a job."""
    return {
        "engine": {"name": asked.engine, "revision": asked.revision},
        "modification": asked.modification,
        "edits": [to_edit(each).model_dump() for each in asked.edits],
        "unseen": [{"part": each.part, "message": each.message} for each in asked.unseen],
        "before": {facet.value: value for facet, value in asked.before.items()},
        "after": {facet.value: value for facet, value in asked.after.items()},
        "reference": {"product_id": asked.product_id, "title": asked.title},
        "variants": [
            {
                "number": number,
                "seed": each.seed,
                "file": str(path),
                "width_px": each.image.shape[1],
                "height_px": each.image.shape[0],
                "sketch": each.sketch,
                "sources": [_source(source).model_dump() for source in each.sources],
                "notes": list(each.notes),
            }
            for number, (each, path) in enumerate(made, start=1)
        ],
    }


def _source(source: Source) -> SourceOut:
    return SourceOut(
        product_id=source.product_id,
        title=source.title,
        image_url=f"/v1/pictures/{source.picture}",
        similarity=round(source.similarity, 4),
    )


def _variant(job_id: str, picture: JobPicture) -> VariantOut:
    drawn = Drawn.from_json(picture.document)
    return VariantOut(
        number=picture.number,
        seed=picture.seed,
        image_url=f"/v1/variants/{job_id}/pictures/{picture.number}",
        width_px=picture.width_px,
        height_px=picture.height_px,
        sketch=picture.sketch,
        sources=[_source(each) for each in drawn.sources],
        notes=list(drawn.notes),
    )
