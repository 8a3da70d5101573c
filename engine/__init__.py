"""Lookalike's brain: types, ports, algorithms, index and catalogue adapters. No torch, no web."""
