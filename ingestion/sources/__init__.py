"""Files of a feed as a stream of `engine.types.RawRecord`, one module a format."""
