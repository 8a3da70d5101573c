"""When the queue of variants is full."""

from __future__ import annotations

from engine.errors import Overloaded

__all__ = ["TooManyVariants"]


class TooManyVariants(Overloaded):
    """So many jobs wait that another one is not taken (HTTP 429).

    Attributes:
        retry_after_s: When it is worth trying again.
    """

    code = "variant.queue_full"

    def __init__(self, most_waiting: int, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(
            f"{most_waiting} requests for variants wait already, the most that may.",
            where="variants",
            hint=f"Try again in {retry_after_s} s.",
        )
