"""Optimise a copy of a shard in a process of its own.

Edge holds the interpreter's lock while it builds its graph, for seconds to minutes, in which a
server could answer nobody. The child works on a copy, so that killing it harms nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import engine
from engine.errors import IndexUnavailable
from engine.index.durable import sync_tree

NICENESS = 5
"""Searches go before the build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did: points in the shard, and whether anything changed."""

    points: int
    changed: bool


def build_in_child(shard: Path) -> BuildReport:
    """Optimise a shard that nobody has open, in a child process.

    Raises:
        IndexUnavailable: The child failed; the shard is to be discarded (code ``index.build``).
    """
    root = str(Path(str(engine.__file__)).parents[1])
    search_path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "engine.index.build", str(shard)],
        env={**os.environ, "PYTHONPATH": search_path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise IndexUnavailable(
            f"building the index failed (exit {done.returncode}): {done.stderr.strip()[-500:]}",
            where=str(shard.parent),
            hint="The index goes on as it was; see that disk and memory suffice.",
            code="index.build",
        )
    report = json.loads(done.stdout.strip().splitlines()[-1])
    return BuildReport(points=int(report["points"]), changed=bool(report["changed"]))


def build(shard: Path) -> BuildReport:
    """Optimise a shard here; everything is on disk when this returns."""
    import qdrant_edge

    opened = qdrant_edge.EdgeShard.load(str(shard))
    changed = opened.optimize()
    opened.flush()
    points = opened.count(qdrant_edge.CountRequest(exact=True))
    opened.close()
    sync_tree(shard)
    return BuildReport(points=points, changed=changed)


def main(arguments: list[str]) -> int:
    """Entry point of the child: one argument, the shard; one line of JSON on stdout."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    report = build(Path(arguments[0]))
    sys.stdout.write(json.dumps({"points": report.points, "changed": report.changed}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
