"""The commands of `lookalike`, a file each. Results go to stdout, everything else to stderr."""
