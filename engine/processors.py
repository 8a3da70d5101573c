"""How much of the machine this process may use."""

from __future__ import annotations

import os

__all__ = ["usable_cores"]


def usable_cores() -> int:
    """Cores that this process may run on; all of them where the system cannot tell."""
    if hasattr(os, "sched_getaffinity"):  # Linux; containers and taskset narrow it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
