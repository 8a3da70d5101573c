"""Features of catalogue pictures that help to draw."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feature",
        sa.Column("feature_key", sa.LargeBinary(32), primary_key=True),
        sa.Column("shape", sa.Text, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("made_s", sa.Float, nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("feature")
