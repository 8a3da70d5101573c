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

RENDER_JOB = sa.Table(
    "render_job",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("work", sa.Text, nullable=False),
    sa.Column("engine", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("asked", sa.Text, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False, index=True),
    sa.Column("cached", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("lease_s", sa.Float, nullable=False),
    sa.Column("error_code", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("created_s", sa.Float, nullable=False),
    sa.Column("started_s", sa.Float),
    sa.Column("finished_s", sa.Float),
    sa.Column("expires_s", sa.Float),
)

sa.Index(
    "ix_render_job_running",
    RENDER_JOB.c.work,
    unique=True,
    sqlite_where=sa.text("status = 'running'"),
    postgresql_where=sa.text("status = 'running'"),
)

RENDER_PICTURE = sa.Table(
    "render_picture",
    metadata,
    sa.Column("picture_key", sa.Text, primary_key=True),
    sa.Column("width_px", sa.Integer, nullable=False),
    sa.Column("height_px", sa.Integer, nullable=False),
    sa.Column("sketch", sa.Boolean, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("used_s", sa.Float, nullable=False),
)

RENDER_JOB_PICTURE = sa.Table(
    "render_job_picture",
    metadata,
    sa.Column(
        "job_id",
        sa.Text,
        sa.ForeignKey("render_job.job_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column(
        "picture_key",
        sa.Text,
        sa.ForeignKey("render_picture.picture_key"),
        nullable=False,
        index=True,
    ),
    sa.Column("seed", sa.BigInteger, nullable=False),
)

GENERATED = sa.Table(
    "generated",
    metadata,
    sa.Column("pixel_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("width_px", sa.Integer, nullable=False),
    sa.Column("height_px", sa.Integer, nullable=False),
)

FEATURE = sa.Table(
    "feature",
    metadata,
    sa.Column("feature_key", sa.LargeBinary(32), primary_key=True),
    sa.Column("shape", sa.Text, nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("made_s", sa.Float, nullable=False, index=True),
)
