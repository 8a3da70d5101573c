"""What an ingestion is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from engine.errors import InvalidInput
from engine.ids import DEFAULT_TENANT, TenantId
from engine.images import ImageLimits
from ingestion.currencies import CODES
from ingestion.mapping import AUTOMATIC


class IngestMode(StrEnum):
    """What a feed says about products that are not in it."""

    UPSERT = "upsert"
    """Nothing: they stay."""
    FULL = "full"
    """They are gone: they are deleted, within the guards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """Options of one ingestion.

    Attributes:
        mapping: A preset, a YAML file, pairs ``field=column,…``, or ``auto``.
        root: Folder that picture paths are relative to; the feed's own folder by default.
        yes: Delete even when a guard would ask first.
        default_currency: ISO 4217 code for prices that name none.
        encoding: Of a text feed; detected when empty.
        delimiter: Of a CSV feed; found in its header when empty.
        report_folder: Where ``report.json``, ``rejected.csv`` and ``warnings.csv`` go; nowhere by
            default.
        refresh: Write products again that did not change; known embeddings are used again.
        batch_products: Products that are embedded and committed together; one flush a batch.
        decode_threads: Pictures decode beside the encoder.
        target_px: Larger pictures are reduced to about this shorter side while decoding.
        detect: Find the product in its pictures, where the installation can.
        least_look_px: Pictures whose longer side is shorter are taken whole.
        max_bad_frac: With more rejected rows than this nothing is deleted.
        max_deleted_frac: More deletions than this part of the catalogue want a confirmation.
    """

    mapping: str = AUTOMATIC
    mode: IngestMode = IngestMode.UPSERT
    tenant: TenantId = DEFAULT_TENANT
    root: Path | None = None
    yes: bool = False
    default_currency: str = ""
    encoding: str = ""
    delimiter: str = ""
    report_folder: Path | None = None
    refresh: bool = False
    batch_products: int = 512
    decode_threads: int = 2
    target_px: int = 448
    detect: bool = True
    least_look_px: int = 160
    max_bad_frac: float = 0.2
    max_deleted_frac: float = 0.1
    limits: ImageLimits = field(default_factory=ImageLimits)

    def __post_init__(self) -> None:
        """Check what people type.

        Raises:
            InvalidInput: A currency, an encoding or a delimiter that is none.
        """
        if self.default_currency and self.default_currency.upper() not in CODES:
            raise InvalidInput(
                f"{self.default_currency!r} is no currency.", where="default_currency",
                hint="Use a code of ISO 4217, such as EUR.",
            )  # fmt: skip
        if self.delimiter and (len(self.delimiter) > 1 or self.delimiter in '"\r\n'):
            raise InvalidInput(
                f"{self.delimiter!r} cannot be a delimiter.", where="delimiter",
                hint="Use one character, such as ';'.",
            )  # fmt: skip
        try:
            _ = "a".encode(self.encoding or "utf-8")
        except (LookupError, ValueError) as error:
            raise InvalidInput(
                f"{self.encoding!r} is no known encoding.", where="encoding",
                hint="Use a name such as utf-8, cp1252 or shift_jis.",
            ) from error  # fmt: skip
