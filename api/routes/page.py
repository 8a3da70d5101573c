"""The page at ``/`` and its files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Response

from engine.errors import NotFound

router = APIRouter(include_in_schema=False)
_FOLDER = Path(__file__).parent.parent / "web"
_MEDIA_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "ask.js": "text/javascript; charset=utf-8",
    "nothing.js": "text/javascript; charset=utf-8",
    "said.js": "text/javascript; charset=utf-8",
    "large.js": "text/javascript; charset=utf-8",
    "stage.js": "text/javascript; charset=utf-8",
    "state.js": "text/javascript; charset=utf-8",
    "view.js": "text/javascript; charset=utf-8",
    "look.js": "text/javascript; charset=utf-8",
    "look.css": "text/css; charset=utf-8",
    "picture.js": "text/javascript; charset=utf-8",
    "variants.js": "text/javascript; charset=utf-8",
    "variants.css": "text/css; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "results.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


@router.get("/")
async def index() -> Response:
    """The search page."""
    return _file("index.html")


@router.get("/web/{name}")
async def asset(name: str) -> Response:
    """A script, style or icon of the page."""
    return _file(name)


@router.get("/favicon.ico")
async def favicon() -> Response:
    """The icon, where browsers look for it unasked."""
    return _file("icon.svg")


def _file(name: str) -> Response:
    # The table is the whole list of what is served; no path of a request reaches the disk.
    if name not in _MEDIA_TYPES:
        raise NotFound(f"the page has no file {name[:60]!r}.", where="path")
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
    return Response(_read(name), media_type=_MEDIA_TYPES[name], headers=headers)


@lru_cache(maxsize=len(_MEDIA_TYPES))
def _read(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()
