"""The real data that training reads."""

from __future__ import annotations

from pathlib import Path

from engine.errors import NotFound

__all__ = ["training_file"]


def training_file(data: Path, name: str) -> Path:
    """A file of the folder of real data.

    Raises:
        NotFound: It is not there.
    """
    path = data / name
    if not path.is_file():
        raise NotFound(
            "the training data are not there",
            where=str(path),
            hint=f"Point --data at the folder that holds {name}.",
        )
    return path
