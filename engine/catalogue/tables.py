"""The tables of the catalogue, as the newest migration leaves them."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

PRODUCT = sa.Table(
    "product",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("row_hash", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("brand", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

GENERATION = sa.Table(
    "generation",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
)

ENCODER = sa.Table(
    "encoder",
    metadata,
    sa.Column("encoder_id", sa.Integer, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False, unique=True),
)

EMBEDDING = sa.Table(
    "embedding",
    metadata,
    sa.Column("encoder_id", sa.Integer, sa.ForeignKey("encoder.encoder_id"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("content_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),
)

LOOK = sa.Table(
    "look",
    metadata,
    sa.Column("sight", sa.Text, primary_key=True),
    sa.Column("content_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("width_px", sa.Integer, nullable=False),
    sa.Column("height_px", sa.Integer, nullable=False),
    sa.Column("boxes", sa.LargeBinary, nullable=False),
    sa.Column("posteriors", sa.LargeBinary, nullable=False),
    sa.Column("vectors", sa.LargeBinary, nullable=False),
)

JOB = sa.Table(
    "ingestion_job",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("options", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, index=True),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error_code", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("created_s", sa.Float, nullable=False),
    sa.Column("started_s", sa.Float),
    sa.Column("finished_s", sa.Float),
)

JOB_ROW = sa.Table(
    "job_row",
    metadata,
    sa.Column("job_row_id", sa.Integer, primary_key=True),
    sa.Column(
        "job_id",
        sa.Text,
        sa.ForeignKey("ingestion_job.job_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("row", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("product_id", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("column", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)
