"""HTTP, command line and pages; the only place that builds real objects."""
