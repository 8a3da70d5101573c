"""Variants of products: the garment in a picture found, and changed as a shopper asks."""
