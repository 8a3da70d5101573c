"""How Alembic reaches the database: over the connection that the caller opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from engine.catalogue.tables import metadata

connection: sa.Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters tables by copying them
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
