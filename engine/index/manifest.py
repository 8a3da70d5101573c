"""What filled an index: written before the first point, compared at every open."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import IndexMismatch
from engine.index.durable import write_durably
from engine.types import EncoderId

SCHEMA_VERSION = 3
"""Raised whenever vectors, words or payload keys change in a way that wants a rebuild."""
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexManifest:
    """The encoder and the schema that an index was filled with."""

    encoder: EncoderId
    schema_version: int = SCHEMA_VERSION

    @property
    def fingerprint(self) -> str:
        """One line that identifies both."""
        return f"{self.encoder.fingerprint} schema {self.schema_version}"

    def to_json(self) -> dict[str, Any]:
        """JSON object that `from_json` reads."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, found: object, *, where: str) -> IndexManifest:
        """Read what `to_json` wrote.

        Raises:
            IndexMismatch: It is something else.
        """
        match found:
            case {
                "encoder": {
                    "name": str(name),
                    "revision": str(revision),
                    "preprocess": str(preprocess),
                    "dims": int(dims),
                },
                "schema_version": int(schema_version),
            }:
                encoder = EncoderId(name=name, revision=revision, preprocess=preprocess, dims=dims)
                return cls(encoder=encoder, schema_version=schema_version)
            case _:
                raise IndexMismatch(
                    "the index does not say what filled it",
                    where=where,
                    hint="Rebuild it: lookalike ingest --rebuild.",
                )


def check_manifest(found: IndexManifest, wanted: IndexManifest, *, where: str) -> None:
    """Compare at open.

    Raises:
        IndexMismatch: The index was filled by another encoder or schema.
    """
    if found != wanted:
        raise IndexMismatch(
            f"the index was filled by {found.fingerprint}, but it is opened with "
            f"{wanted.fingerprint}.",
            where=where,
            hint="Rebuild it (lookalike ingest --rebuild), or open it with the encoder that "
            "filled it.",
        )


def read_manifest(folder: Path) -> IndexManifest | None:
    """The folder's manifest; ``None`` when it has none yet.

    Raises:
        IndexMismatch: The file is damaged.
    """
    path = folder / MANIFEST_FILE
    try:
        found: Mapping[str, object] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        found = {}
    return IndexManifest.from_json(found, where=str(path))


def write_manifest(folder: Path, manifest: IndexManifest) -> None:
    """Write the folder's manifest, whole or not at all."""
    write_durably(folder / MANIFEST_FILE, json.dumps(manifest.to_json(), indent=2).encode())
