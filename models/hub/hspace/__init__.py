"""Hooks on a diffusers UNet: its first half, retrieval in the middle, low-rank changes.

The small generator's training and SD-Turbo share them; `middle.Adapter` is the small one's block.
"""
