"""Every neural network but the detector."""
