"""Feeds in: sources, normalising, pictures, the pipeline, the ledger and the report."""
