"""The two numbers of each fine class that were fitted to fine labels, beside the relations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectors.knowledge import Definition
from engine.errors import ModelUnavailable

__all__ = ["Calibration", "read_calibrations", "write_calibrations"]

_FILE = "calibration.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The two numbers that may be fitted to fine labels: sigmoid(slope · logit + shift)."""

    slope: float = 1.0
    shift: float = 0.0


def write_calibrations(
    fitted: Mapping[str, Calibration], definitions: Sequence[Definition], folder: Path
) -> None:
    """Beside the relations, each with the definition that it was fitted to."""
    held = {
        each.name: _spelled(each)
        | {"slope": round(fitted[each.name].slope, 4), "shift": round(fitted[each.name].shift, 4)}
        for each in definitions
        if each.name in fitted
    }
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(one)}" for name, one in held.items())
    (folder / _FILE).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def read_calibrations(folder: Path, definitions: Sequence[Definition]) -> dict[str, Calibration]:
    """Of the coarse classes whose definitions are those that they were fitted to.

    Siblings are fitted together and share a probability: where one was added, taken away or
    changed, the others' numbers mean nothing any more, and all are taken as they are.

    Args:
        folder: Of the weights.
        definitions: That will be used.

    Returns:
        Fine class → calibration; empty where none were fitted.

    Raises:
        ModelUnavailable: The file is damaged.
    """
    path = folder / _FILE
    if not path.is_file():
        return {}
    try:
        held: Any = json.loads(path.read_text(encoding="utf-8"))
        spelled = {
            str(name): {"of": str(each["of"]), "when": list(each["when"])}
            for name, each in held.items()
        }
        fitted = {
            str(name): Calibration(slope=float(each["slope"]), shift=float(each["shift"]))
            for name, each in held.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable(
            f"cannot be read: {error!r}",
            where=str(path),
            hint="Fit it again with `lookalike train relations`.",
        ) from error
    found: dict[str, Calibration] = {}
    for coarse in {each.coarse for each in definitions}:
        asked = {each.name: _spelled(each) for each in definitions if each.coarse == coarse}
        if asked == {name: each for name, each in spelled.items() if each["of"] == coarse}:
            found |= {name: fitted[name] for name in asked}
    return found


def _spelled(definition: Definition) -> dict[str, str | list[str]]:
    return {"of": definition.coarse, "when": [each.text for each in definition.clauses]}
