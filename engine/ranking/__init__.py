"""Fusing, reordering and collapsing what the index returned."""
