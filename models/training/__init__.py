"""Recipes for the weights that serve. Apart from `models.hub`, the only code that knows torch."""
