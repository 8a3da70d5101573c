"""Variants of products, drawn by the small turbo generator. Served without torch."""
