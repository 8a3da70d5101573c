"""A server in a process of its own, and a client that waits for its answers."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import LookalikeError

__all__ = ["Answer", "Served", "serving"]

_READY_S = 120.0
_STOP_S = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said.

    Attributes:
        seconds: Until the last byte.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    seconds: float


@dataclass(frozen=True, slots=True)
class Served:
    """Where a server listens."""

    port: int

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One request over a connection of its own; the body and the answer are JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_READY_S)
        started = time.perf_counter()
        try:
            sent = None if body is None else json.dumps(body)
            headers = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, sent, headers)
            found = connection.getresponse()
            text = found.read()
            told = {name.lower(): value for name, value in found.getheaders()}
        finally:
            connection.close()
        seconds = time.perf_counter() - started
        return Answer(
            status=found.status, headers=told, body=json.loads(text or b"null"), seconds=seconds
        )


@contextmanager
def serving(home: Path, **settings: str) -> Generator[Served]:
    """``lookalike serve`` over a home, from ready to stopped.

    Args:
        home: Of the server; nobody else may have it open.
        settings: Further ones, by the names of the environment without ``LOOKALIKE_``.

    Raises:
        LookalikeError: The server did not become ready.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    told = {f"LOOKALIKE_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "api.cli", "serve", "--home", str(home), "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, **told}, stderr=subprocess.DEVNULL)
    try:
        served = Served(port)
        until_s = time.monotonic() + _READY_S
        while not _is_ready(served):
            if process.poll() is not None or time.monotonic() > until_s:
                raise LookalikeError(
                    "the server did not start.",
                    where="bench",
                    hint=f"Look at lookalike serve --home {home}.",
                )
            time.sleep(0.2)
        yield served
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_ready(served: Served) -> bool:
    try:
        return served.ask("GET", "/readyz").status == 200
    except OSError:
        return False
