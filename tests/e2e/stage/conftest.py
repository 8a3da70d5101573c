"""A server that draws with a double, and what its stage shows."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.container import Container
from api.settings import Limits, Settings
from tests.dyes import DyeingRenderer
from tests.e2e.conftest import serving

BATCH = 4
REFERENCE = "/?like=P01&q=but+red"
"""P01 is a blue dress."""


@pytest.fixture
def gate() -> Iterator[threading.Semaphore]:
    """Lets pictures through, one a release."""
    gate = threading.Semaphore(0)
    yield gate
    gate.release(1000)


@pytest.fixture
def renderer(gate: threading.Semaphore) -> DyeingRenderer:
    """Who draws on the server."""
    return DyeingRenderer(gate=gate)


@pytest.fixture
def limits() -> Limits:
    """Of the server."""
    return Limits()


@pytest.fixture
def address(
    stocked_home: Path,
    tmp_path: Path,
    renderer: DyeingRenderer,
    gate: threading.Semaphore,
    limits: Limits,
) -> Iterator[str]:
    """Address of a server that draws with a double."""
    home = tmp_path / "home"
    shutil.copytree(stocked_home, home)
    settings = Settings(home=home, encoder="toy", limits=limits)
    with serving(Container(settings, renderers={renderer.name: renderer})) as where:
        yield where
        gate.release(1000)  # nothing that stops waits for a picture


def there(page: Any) -> Any:
    """The pictures on the stage."""
    return page.locator("#stage-row .stage-item[data-src]")


def focused(page: Any) -> str:
    """What has the focus, by its id or name."""
    return page.evaluate(
        "(e => e.id || e.getAttribute('aria-label') || e.innerText)(document.activeElement)"
    )


def state_of(page: Any) -> dict[str, list[str]]:
    """The page's state as its address has it."""
    return parse_qs(urlsplit(page.url).query)


def path_of(page: Any) -> str:
    """The address without the server."""
    return page.url.partition(urlsplit(page.url).netloc)[2]


def loaded(page: Any) -> bool:
    """Whether every picture on the stage has arrived and shows something."""
    return page.evaluate(
        "() => [...document.querySelectorAll('#stage-row img')]"
        ".every((each) => each.complete && each.naturalWidth > 0)"
    )
