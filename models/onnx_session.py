"""Opens ONNX files the one way this project does: threads set once, telemetry off."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ModelUnavailable
from engine.processors import usable_cores

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["open_session"]


def open_session(path: Path, *, threads: int | None = None) -> onnxruntime.InferenceSession:
    """Open a model on the CPU.

    Args:
        path: The ``.onnx`` file.
        threads: Threads inside an operator; ``None`` for what the process may use, at most 8.

    Raises:
        ModelUnavailable: The file is not there or is no ONNX model.
    """
    if not path.is_file():
        raise ModelUnavailable(
            "the model file is not there",
            where=str(path),
            hint="Reinstall Lookalike, or train the model again with `lookalike train`.",
        )
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read once, when the library loads
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or min(8, usable_cores())
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the core from the vector search that comes next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the library raises several unrelated types
        raise ModelUnavailable(
            f"ONNX Runtime cannot open the model: {error}", where=str(path)
        ) from error
