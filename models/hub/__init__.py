"""Models of others, loaded by name behind our ports. The only serving code that imports torch."""
