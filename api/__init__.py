"""HTTP, command line and pages; the only place that builds real objects."""

import os

# Read once, when numpy loads. Its products here are small, and after each one a thread of its own
# would spin for a while and take the core from the encoder: a tenth of an ingestion's time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
