"""Vector indexes behind `engine.ports.VectorIndex`: exact memory, Qdrant Edge, Qdrant server."""
