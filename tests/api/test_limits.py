"""The byte counter and the gate, on their own."""

from __future__ import annotations

import threading

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from api.limits import BodyLimit, BodyTooLarge, Gate
from api.settings import Limits
from engine.errors import Overloaded

LIMITS = Limits(json_bytes=1_000, picture_bytes=10_000, feed_bytes=100_000)


def _read_all(*, path: str, content_type: str, chunks: list[bytes], told: int | None = None) -> int:
    """Bytes that an application behind the limit reads."""
    seen = 0

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal seen
        more = True
        while more:
            message = await receive()
            seen += len(message.get("body", b""))
            more = message.get("more_body", False)

    pending = list(chunks)

    async def receive() -> Message:
        body = pending.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(pending)}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    headers = [(b"content-type", content_type.encode())]
    if told is not None:
        headers.append((b"content-length", str(told).encode()))
    scope: Scope = {"type": "http", "path": path, "headers": headers}
    anyio.run(BodyLimit(application, limits=LIMITS), scope, receive, send)
    return seen


def test_a_body_within_the_limit_passes_whole() -> None:
    chunks = [b"x" * 400, b"x" * 600]
    assert _read_all(path="/v1/search", content_type="application/json", chunks=chunks) == 1_000


@pytest.mark.parametrize("told", [None, 10])
def test_bytes_are_counted_whatever_the_header_says(told: int | None) -> None:
    with pytest.raises(BodyTooLarge, match="at least 1,001 bytes, more than 1,000"):
        _read_all(
            path="/v1/search",
            content_type="application/json",
            chunks=[b"x" * 1_000, b"x"],
            told=told,
        )


def test_a_true_header_is_refused_before_a_byte_is_read() -> None:
    with pytest.raises(BodyTooLarge, match="5,000"):
        _read_all(path="/v1/search", content_type="application/json", chunks=[], told=5_000)


def test_forms_have_the_room_of_what_they_carry() -> None:
    form = "multipart/form-data; boundary=x"
    assert _read_all(path="/v1/pictures", content_type=form, chunks=[b"x" * 10_000]) == 10_000
    assert _read_all(path="/v1/ingestions", content_type=form, chunks=[b"x" * 100_000]) == 100_000
    with pytest.raises(BodyTooLarge):
        _read_all(path="/v1/pictures", content_type=form, chunks=[b"x" * 100_000])


def test_the_gate_refuses_what_neither_runs_nor_waits() -> None:
    release = threading.Event()

    async def crowd() -> tuple[int, list[str]]:
        gate = Gate(at_once=2, waiting=1)
        refused = 0
        done: list[str] = []

        async def one() -> None:
            nonlocal refused
            try:
                await gate.run(release.wait)
                done.append("done")
            except Overloaded:
                refused += 1

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(one)
            await anyio.wait_all_tasks_blocked()
            release.set()
        await gate.run(done.append, "afterwards")
        return refused, done

    assert anyio.run(crowd) == (2, ["done"] * 3 + ["afterwards"])
