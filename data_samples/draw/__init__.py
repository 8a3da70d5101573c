"""Draws the sample shop: garments as shaded cloth, with the truth about every picture.

Needs numpy and Pillow only. Training renders further products through `render_training_set`.
"""

from data_samples.draw.gallery import Gallery, GalleryPicture, draw_product
from data_samples.draw.spec import ProductSpec, sample_specs
from data_samples.draw.training import RenderedSample, render_training_set

__all__ = [
    "Gallery",
    "GalleryPicture",
    "ProductSpec",
    "RenderedSample",
    "draw_product",
    "render_training_set",
    "sample_specs",
]
