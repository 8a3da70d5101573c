"""How much a request may send and how many run at once.

`BodyLimit` counts the bytes that really arrive, so a request without a length or with a false one
is stopped as well. `Gate` runs the synchronous core in a bounded number of threads and refuses
what would have to wait too long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.settings import Limits
from engine.errors import InvalidInput, Overloaded

P = ParamSpec("P")
T = TypeVar("T")
_FORM_BYTES = 64_000
"""Room for the boundaries and headers of a multipart body."""


class BodyTooLarge(InvalidInput):
    """A request body is larger than its route takes (HTTP 413)."""

    code = "body.too_large"


class BodyLimit:
    """ASGI middleware that raises `BodyTooLarge` where the body is read."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counting `receive`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        limit_bytes = self._limit_bytes(scope["path"], headers.get(b"content-type", b""))
        told = headers.get(b"content-length", b"")
        told_bytes = int(told) if told.isdigit() else 0
        seen_bytes = 0

        async def counted() -> Message:
            nonlocal seen_bytes
            if told_bytes > limit_bytes:
                raise _too_large(told_bytes, limit_bytes)
            message = await receive()
            seen_bytes += len(message.get("body", b""))
            if seen_bytes > limit_bytes:
                raise _too_large(seen_bytes, limit_bytes)
            return message

        await self._app(scope, counted, send)

    def _limit_bytes(self, path: str, content_type: bytes) -> int:
        if not content_type.lower().startswith(b"multipart/"):
            return self._limits.json_bytes
        if path == "/v1/ingestions":
            return self._limits.feed_bytes + _FORM_BYTES
        return self._limits.picture_bytes + self._limits.json_bytes + _FORM_BYTES


class Gate:
    """A bounded number of threads for the synchronous core.

    Args:
        at_once: Calls that run at the same time.
        waiting: Calls that may wait for one of them to end.
    """

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._limiter = CapacityLimiter(at_once)
        self._most = at_once + waiting
        self._inside = 0

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a synchronous call in a thread.

        Raises:
            Overloaded: All threads are busy and the queue is full.
        """
        # Counted here: the limiter learns of a call only after its first switch of tasks, too late
        # for a burst that arrives in one go.
        if self._inside >= self._most:
            raise Overloaded(
                f"{self._inside} calls run or wait already.", hint="Try again in a second."
            )
        self._inside += 1
        try:
            return await to_thread.run_sync(lambda: call(*args, **kwargs), limiter=self._limiter)
        finally:
            self._inside -= 1


def _too_large(got_bytes: int, limit_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"at least {got_bytes:,} bytes, more than {limit_bytes:,}.",
        where="request body",
        hint="Send a smaller picture (1600 px are plenty) or split the feed.",
    )
