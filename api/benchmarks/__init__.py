"""Speed, always beside an anchor that is measured in the same run."""
