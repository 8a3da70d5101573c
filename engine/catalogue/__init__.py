"""The SQL catalogue: the source of truth for products, embeddings and ingestions."""
