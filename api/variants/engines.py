"""Which renderer draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import Renderer

__all__ = ["Engines", "any_engine", "choose_engine"]


class Engines(Mapping[str, Renderer]):
    """Renderers by name, each loaded when it is first asked for.

    Looking one up raises `engine.errors.ModelUnavailable` where its weights are not there; it is
    tried again the next time.

    Args:
        load: Name → what loads it, the preferred one first.
    """

    def __init__(self, load: Mapping[str, Callable[[], Renderer]]) -> None:
        self._load = dict(load)
        self._held: dict[str, Renderer] = {}
        # One each: while a large one is fetched, or fails to be, the others draw on.
        self._locks = {name: Lock() for name in load}

    def __getitem__(self, name: str) -> Renderer:
        load = self._load[name]
        with self._locks[name]:
            if name not in self._held:
                self._held[name] = load()
            return self._held[name]

    def __contains__(self, name: object) -> bool:
        return name in self._load  # without loading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._load)

    def __len__(self) -> int:
        return len(self._load)


def choose_engine(renderers: Mapping[str, Renderer], name: str = "") -> Renderer:
    """The renderer of a name; without one the first that is available.

    Raises:
        InvalidInput: There is none of that name.
        ModelUnavailable: Its weights are not there, or those of all.
    """
    if name:
        if name not in renderers:
            raise InvalidInput(
                f"there is no engine {name[:60]!r}.",
                where="engine",
                hint=f"One of {', '.join(renderers)}." if renderers else "There is none here.",
                code="variant.engine_unknown",
            )
        return renderers[name]
    missing: ModelUnavailable | None = None
    for each in renderers:
        try:
            return renderers[each]
        except ModelUnavailable as error:
            missing = missing or error
    raise missing or ModelUnavailable(
        "this installation has no engine that draws.",
        where="variants",
        hint="See lookalike doctor.",
    )


def any_engine(renderers: Mapping[str, Renderer]) -> bool:
    """Whether at least one draws; it is loaded then."""
    try:
        choose_engine(renderers)
    except ModelUnavailable:
        return False
    return True
