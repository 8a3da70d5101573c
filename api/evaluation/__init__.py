"""Evaluations on real data: reading the set, building worlds through the real pipeline."""
