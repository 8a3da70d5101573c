"""Query understanding: words to edits."""
