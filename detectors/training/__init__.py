"""Training of what finds and names the garments in pictures. Needs the extra ``[models]``."""
