"""Trains the adapter of ImageRAGTurbo for SD-Turbo, for those with the weights, data and GPUs."""
