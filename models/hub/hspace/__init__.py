"""Hooks on a diffusers UNet: its first half, retrieval in the middle, low-rank changes.

Of the paper's parts these are the ones that every generator shares, the small one's training and
SD-Turbo alike.
"""
