"""Pictures of garments as they would be: asked for, queued, drawn, marked, handed out."""
