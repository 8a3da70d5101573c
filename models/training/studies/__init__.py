"""Experiments of the papers, repeated on our data: each one function, each a table."""
