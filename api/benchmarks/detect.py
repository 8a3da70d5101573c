"""Pictures a second through the detector: as it is served, and as torch computes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.benchmarks.rounds import rate_figures, ratio_figure, seconds_in_turn
from detectors.registry import load_detector
from detectors.yolo import frame, frame_size
from engine.evaluation.figures import Figure
from engine.processors import usable_cores
from engine.types import ImageRGB
from models.onnx_session import OnnxTower

__all__ = ["measure_speed"]

_PICTURES = 32
_CONDITION = "cpu"


def measure_speed(
    pictures: Sequence[ImageRGB], *, rounds: int
) -> tuple[list[Figure], tuple[str, ...]]:
    """Rates of decoded pictures, one at a time and many at once; the arms take turns.

    Returns:
        The figures, and notes about how they were measured.
    """
    held = list(pictures[:_PICTURES])
    served = load_detector(OnnxTower)
    arms: dict[str, Callable[[], object]] = {
        "onnx": lambda: served.detect(held),
        "onnx-one-by-one": lambda: [served.detect([each]) for each in held],
    }
    notes = [
        f"cpu: {len(held)} decoded street photos, resizing and suppression included; onnx: many at "
        "once, a core a chunk."
    ]
    eager = _eager(held, classes=len(served.classes), side_px=served.side_px)
    if eager is None:
        notes.append("No eager: it needs ultralytics (pip install 'lookalike[models]').")
    else:
        arms["eager"] = lambda: eager(usable_cores())
        arms["eager-one-core"] = lambda: eager(1)
        notes.append(
            "eager: the same network in torch, fused, with random weights, which cost the same; "
            "the forward pass and the resizing alone, one picture at a time."
        )
    seconds = seconds_in_turn(arms, rounds=rounds)
    figures = rate_figures(seconds, items=len(held), condition=_CONDITION)
    if eager is not None:
        figures += [
            ratio_figure(seconds, arm="onnx", anchor=anchor, condition=_CONDITION)
            for anchor in ("eager", "eager-one-core")
        ]
    return figures, tuple(notes)


def _eager(
    pictures: Sequence[ImageRGB], *, classes: int, side_px: int
) -> Callable[[int], None] | None:
    try:
        from detectors.training.quiet import quiet_ultralytics

        with TemporaryDirectory(prefix="lookalike-yolo-") as settings:
            quiet_ultralytics(Path(settings), threads=usable_cores())
        import torch
        from ultralytics.nn import tasks

        from detectors.training.yolo import MODEL
    except ImportError:
        return None
    network: Any = tasks.DetectionModel(MODEL, nc=classes, verbose=False)
    network = network.float().eval().fuse(verbose=False)

    def run(threads: int) -> None:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            for each in pictures:
                pixels = torch.tensor(frame(each, frame_size(each, side_px)))
                network(pixels[None].permute(0, 3, 1, 2).float() / 255)

    return run
