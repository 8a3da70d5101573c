"""Pictures that are drawn: jobs, what they drew, and what must never become a catalogue picture."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "render_job",
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
    op.create_index(
        "ix_render_job_running",
        "render_job",
        ["work"],
        unique=True,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "render_picture",
        sa.Column("picture_key", sa.Text, primary_key=True),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("sketch", sa.Boolean, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("used_s", sa.Float, nullable=False),
    )
    op.create_table(
        "render_job_picture",
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
    op.create_table(
        "generated",
        sa.Column("pixel_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("generated")
    op.drop_table("render_job_picture")
    op.drop_table("render_picture")
    op.drop_index("ix_render_job_running", "render_job")
    op.drop_table("render_job")
