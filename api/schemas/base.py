"""Base of all wire models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class WireRequest(BaseModel):
    """A request body: names that it does not know are errors, so that typos do not pass."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class WireResponse(BaseModel):
    """A response body."""

    model_config = ConfigDict(frozen=True)


def with_examples(*examples: dict[str, Any]) -> ConfigDict:
    """Configuration that adds examples to a model's schema; the rest is inherited."""
    extra: dict[str, Any] = {"examples": list(examples)}
    return ConfigDict(json_schema_extra=extra)
