"""The version of Lookalike, from the one place that holds it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["lookalike_version"]

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"


@cache
def lookalike_version() -> str:
    """As installed; run from its folder, as the project file says."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("lookalike")
    except PackageNotFoundError:
        import tomllib

        project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))
        return str(project["project"]["version"])
