"""Variants of products: the garment in a picture found, and changed or drawn anew.

Served without torch.
"""
