"""Every error that Lookalike raises on purpose.

The tree::

    LookalikeError
    ├── InvalidInput          the caller sent something that cannot be used (HTTP 422, exit 2)
    │   ├── DecodeError       a picture that cannot be decoded within the limits
    │   └── FeedError         a feed that cannot be read as a whole
    ├── NotFound              a product, job, file or name that is not there (404, exit 4)
    ├── Conflict              the state does not allow it now (409, exit 6)
    │   ├── IndexMismatch     an index filled by another encoder or schema
    │   ├── IndexLocked       another process has the index open
    │   └── GuardTripped      a safety guard wants a confirmation (exit 8)
    ├── IndexUnavailable      the vector index cannot be reached, or failed (503, exit 1)
    ├── ModelUnavailable      weights or an optional package are missing (503, exit 1)
    └── Overloaded            too much at once; try again later (503, exit 7)

Each carries what went wrong, where, and what to do about it; ``str()`` joins the three.
"""

from __future__ import annotations


class LookalikeError(Exception):
    """Base of the tree.

    Args:
        what: What is wrong, with the value that was got.
        where: The place: a file and row, a parameter, a field. Empty where there is none.
        hint: What to do about it. Empty where nothing can be done.
        code: Stable dotted name for machines, such as ``image.corrupt``.
    """

    code = "error"

    def __init__(self, what: str, *, where: str = "", hint: str = "", code: str | None = None):
        self.what = what
        self.where = where
        self.hint = hint
        self.code = code or type(self).code
        super().__init__(what)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head} {self.hint}" if self.hint else head


class InvalidInput(LookalikeError):
    """The caller sent something that cannot be used."""

    code = "input.invalid"


class DecodeError(InvalidInput):
    """A picture cannot be decoded: corrupt, too large, too small, or not a picture."""

    code = "image.corrupt"


class FeedError(InvalidInput):
    """A feed cannot be read as a whole; nothing was changed."""

    code = "feed.unreadable"


class NotFound(LookalikeError):
    """What was asked for is not there."""

    code = "not_found"


class Conflict(LookalikeError):
    """The present state does not allow it."""

    code = "conflict"


class IndexMismatch(Conflict):
    """The index was filled by another encoder, preprocessing or schema."""

    code = "index.mismatch"


class IndexLocked(Conflict):
    """Another process has the index open."""

    code = "index.locked"


class GuardTripped(Conflict):
    """A safety guard stopped a change that wants a confirmation."""

    code = "guard.tripped"


class IndexUnavailable(LookalikeError):
    """The vector index cannot be reached, or failed."""

    code = "index.unavailable"


class ModelUnavailable(LookalikeError):
    """Weights or an optional package are missing."""

    code = "model.unavailable"


class Overloaded(LookalikeError):
    """Too much at once."""

    code = "overloaded"
