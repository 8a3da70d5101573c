"""Training of the small generator of variants: autoencoder, teacher, student, adapter."""
