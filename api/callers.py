"""Which web pages may make a browser call this server.

There is no login: on one's own machine everybody who reaches the port may do everything. A browser
reaches it too, on behalf of any page it shows. Two headers that pages cannot forge tell them apart:
``Origin`` is the page that sends a request, ``Host`` the name under which the browser found us. A
page elsewhere may not send anything that changes something; and on a loopback address only names
for this machine are answered, so that no foreign name can be pointed at it (DNS rebinding).
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem
from api.settings import Settings

__all__ = ["CallerGuard", "is_loopback"]

_READING = ("GET", "HEAD", "OPTIONS")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_loopback(name: str) -> bool:
    """Whether a host name or address, IPv6 also in brackets, means this machine alone."""
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


class CallerGuard:
    """ASGI middleware that answers 421 to foreign names and 403 to foreign pages.

    Args:
        app: What is guarded.
        settings: `Settings.host` decides whether names are checked, `Settings.hosts` adds some.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._names = {each.lower() for each in settings.hosts}
        self._checks_names = is_loopback(settings.host) or bool(self._names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        host = request.headers.get("host", "")
        origin = request.headers.get("origin")
        if self._checks_names and host and not self._is_ours(_name_of(f"//{host}")):
            answer = problem(
                request,
                status=421,
                title="Misdirected request",
                detail=f"this server is not {host[:80]!r}. Add the name to the setting `hosts`.",
                code="host.not_ours",
            )
        elif origin is not None and scope["method"] not in _READING and self._foreign(origin, host):
            answer = problem(
                request,
                status=403,
                title="Forbidden",
                detail=f"a page of {origin[:80]!r} may not change anything here. Add its host to"
                " the setting `hosts` if it is yours.",
                code="origin.foreign",
            )
        else:
            await self._app(scope, receive, send)
            return
        await answer(scope, receive, send)

    def _is_ours(self, name: str) -> bool:
        return name in self._names or is_loopback(name)

    def _foreign(self, origin: str, host: str) -> bool:
        if _name_of(origin) in self._names:
            return False
        scheme = origin.partition("://")[0].lower()
        here = _place_of(f"{scheme}://{host}")
        return here is None or _place_of(origin) != here


def _name_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _place_of(address: str) -> tuple[str, int] | None:
    """Host and port; ``None`` for an opaque origin such as ``null``."""
    try:
        parts = urlsplit(address)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None
