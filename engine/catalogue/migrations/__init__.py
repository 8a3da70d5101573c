"""Alembic's migrations of the catalogue; `engine.catalogue.database` runs them."""
