"""Ingestions: what to read, and how it goes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.schemas.base import WireRequest, WireResponse, with_examples

INGESTION_EXAMPLE: dict[str, Any] = {
    "feed": "autumn/catalogue.csv",
    "mapping": "google",
    "mode": "update",
}


class IngestionRequest(WireRequest):
    """What to ingest and how."""

    model_config = with_examples(INGESTION_EXAMPLE)

    feed: str = Field(
        default="",
        max_length=1_000,
        description="Path of a feed under the server's feeds folder; empty when one is uploaded.",
    )
    mapping: str = Field(
        default="auto",
        max_length=1_000,
        description="Which column is what: auto, google, kagl, or pairs id=sku,title=name.",
    )
    mode: Literal["update", "full"] = Field(
        default="update", description="`full` also deletes products that are not in the feed."
    )
    yes: bool = Field(
        default=False, description="Confirms a full ingestion that deletes more than a tenth."
    )
    detect: bool = Field(
        default=True, description="Find the product in its pictures; false takes them whole."
    )


class IngestionCounts(WireResponse):
    """How the rows ended; every row is in one of the four."""

    indexed: int
    unchanged: int
    rejected: int
    deleted: int


class IngestionOut(WireResponse):
    """An ingestion."""

    model_config = with_examples(
        {
            "id": "7d0a9f2c",
            "feed": "catalogue.csv",
            "mode": "update",
            "status": "done",
            "counts": {"indexed": 300, "unchanged": 0, "rejected": 12, "deleted": 0},
            "submitted_at": "2026-11-22T14:10:00Z",
            "started_at": "2026-11-22T14:10:00Z",
            "finished_at": "2026-11-22T14:10:09Z",
            "error_code": "",
            "error": "",
        }
    )

    id: str
    feed: str
    mode: str
    status: str = Field(description="queued, running, done or failed.")
    counts: IngestionCounts
    submitted_at: str
    started_at: str
    finished_at: str
    error_code: str
    error: str


class RowProblem(WireResponse):
    """What was wrong with a row."""

    row: int = Field(description="Number in the feed, from 1, the header not counted.")
    outcome: str = Field(description="rejected; for warnings indexed or unchanged.")
    product_id: str
    code: str
    column: str
    value: str
    message: str


class RowProblems(WireResponse):
    """Rejected rows and warnings of an ingestion."""

    model_config = with_examples(
        {
            "rows": [
                {
                    "row": 17,
                    "outcome": "rejected",
                    "product_id": "P0017",
                    "code": "row.price",
                    "column": "price",
                    "value": "Call us",
                    "message": "no price can be read; expected a number and a currency.",
                }
            ]
        }
    )

    rows: list[RowProblem]
