"""One file per family of garments; `catalogue.sample_garment` draws the shape of any type."""
