"""Opens ONNX files the one way this project does: threads set once, telemetry off."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelUnavailable
from engine.processors import usable_cores

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["OnnxTower", "open_session"]

_MOST_THREADS = 8


class OnnxTower:
    """A model that has all cores for a few items, and a core a chunk for many.

    Chunks on cores of their own need not meet after every operator: for small networks that is a
    quarter to a third more a second, and it leaves room for the threads that decode beside it.

    Safe to share between threads.

    Args:
        path: The ``.onnx`` file, of one output.
        chunk: Most items that it gets at once.
        threads: Cores that it may use; ``None`` for what the process may use, at most 8.

    Raises:
        ModelUnavailable: See `open_session`.
    """

    def __init__(self, path: Path, *, chunk: int, threads: int | None = None):
        self._path = path
        self._chunk = chunk
        self._threads = threads or min(_MOST_THREADS, usable_cores())
        self._session = open_session(path, threads=self._threads)
        self._pool = ThreadPoolExecutor(self._threads, "onnx")

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        return self._session.get_modelmeta().custom_metadata_map

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        """The outputs for so many items, chunk by chunk, in order.

        Args:
            count: How many items there are.
            inputs: Makes the inputs of the items from one place up to another. It is called in
                any order and from several threads.
        """
        # Fewer chunks than cores would leave cores idle.
        size = min(self._chunk, math.ceil(count / self._threads)) if count > self._chunk else count
        starts = range(0, count, max(1, size))
        alone = len(starts) <= 1 or self._threads == 1
        session = self._session if alone else self._one_core

        def output(start: int) -> NDArray[np.float32]:
            found = session.run(None, inputs(start, min(start + size, count)))
            return np.asarray(found[0], dtype=np.float32)

        return map(output, starts) if alone else self._pool.map(output, starts)

    @cached_property
    def _one_core(self) -> onnxruntime.InferenceSession:
        """Opened when the first batch comes: most commands ask one question."""
        return open_session(self._path, threads=1)


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
    options.intra_op_num_threads = threads or min(_MOST_THREADS, usable_cores())
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
