"""Settings: the only place that reads the environment and `lookalike.toml`.

A value is looked up in this order: an argument of the command, ``LOOKALIKE_<NAME>`` in the
environment (nested ones as ``LOOKALIKE_LIMITS__PICTURE_BYTES``), ``lookalike.toml`` in the working
directory, the default below. An unknown name in the file is an error.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

CONFIG_FILE = "lookalike.toml"


class Limits(BaseModel):
    """How much one request, and how many at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    json_bytes: int = Field(default=1_000_000, ge=1_000)
    picture_bytes: int = Field(default=16_000_000, ge=1_000)
    feed_bytes: int = Field(default=2_000_000_000, ge=1_000)
    searches_at_once: int = Field(default=2 * (os.cpu_count() or 2), ge=1)
    searches_waiting: int = Field(default=64, ge=0)
    picture_cache_bytes: int = Field(default=64_000_000, ge=0)
    upload_hours: float = Field(default=24.0, gt=0)
    upload_folder_bytes: int = Field(default=2_000_000_000, ge=1_000)
    variants_at_once: int = Field(default=1, ge=1, le=64)
    variants_waiting: int = Field(default=32, ge=1)
    variant_hours: float = Field(default=24.0, gt=0)


class Settings(BaseSettings):
    """Where things are and which encoder is used.

    Attributes:
        home: Folder of everything that Lookalike keeps.
        index: Folder of the embedded index, URL of a Qdrant server, or ``memory:``; empty for
            `qdrant_url`, or else ``index`` in `home`.
        qdrant_url: URL of a Qdrant server, used when `index` is empty.
        catalogue: SQLAlchemy URL; empty for SQLite in `home`.
        encoder: ``compact``, ``toy``, or ``open_clip:<model>/<pretrained>``.
        detector: ``yolo``, ``none``, or an ONNX file that ultralytics exported.
        detector_labels: For such a file: a YAML file of its label → our class.
        knowledge: Definitions of fine classes instead of ``detectors/knowledge.yaml``.
        feeds: Folder under which feeds named in API requests lie; empty for ``feeds`` in `home`.
        variants_model: Stable Diffusion that draws variants: a folder in diffusers' form, or a
            repository such as ``stabilityai/sd-turbo``; empty for none.
        variants_device: Where it runs: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        variants_adapter: Folder that ``lookalike train sd-adapter`` wrote; without one retrieved
            pictures come in by slerp.
        hosts: Further names under which browsers may reach the server, such as the name that a
            proxy forwards; see `api.callers`.
    """

    model_config = SettingsConfigDict(
        env_prefix="LOOKALIKE_",
        env_nested_delimiter="__",
        toml_file=CONFIG_FILE,
        extra="forbid",
        frozen=True,
    )

    home: Path = Path(".lookalike")
    index: str = ""
    qdrant_url: str = ""
    catalogue: str = ""
    encoder: str = "compact"
    detector: str = "yolo"
    detector_labels: Path | None = None
    knowledge: Path | None = None
    feeds: Path | None = None
    variants_model: str = ""
    variants_device: str = "auto"
    variants_adapter: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65_535)
    hosts: tuple[str, ...] = ()
    limits: Limits = Limits()

    @property
    def index_where(self) -> str:
        """What `engine.index.open.open_index` opens."""
        return self.index or self.qdrant_url or str(self.home / "index")

    @property
    def catalogue_url(self) -> str:
        """SQLAlchemy URL of the catalogue."""
        return self.catalogue or f"sqlite:///{self.home / 'catalogue.sqlite'}"

    @property
    def blobs_folder(self) -> Path:
        """Where the catalogue's pictures are kept."""
        return self.home / "blobs"

    @property
    def uploads_folder(self) -> Path:
        """Where shoppers' pictures are kept until they expire."""
        return self.home / "uploads"

    @property
    def variants_folder(self) -> Path:
        """Where pictures that were drawn are kept until they expire."""
        return self.home / "variants"

    @property
    def reports_folder(self) -> Path:
        """Where the reports of ingestions go."""
        return self.home / "reports"

    @property
    def uploaded_feeds_folder(self) -> Path:
        """Where feeds that were sent lie until they are ingested."""
        return self.home / "uploaded-feeds"

    @property
    def feeds_folder(self) -> Path:
        """Root of the feeds that an API request may name."""
        return self.feeds or self.home / "feeds"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(
    *, home: Path | None = None, encoder: str | None = None, **given: object
) -> Settings:
    """Settings with what a command was told on top; ``None`` means not told.

    Raises:
        InvalidInput: A value of the environment or of the file is not valid; all are listed.
    """
    from pydantic import ValidationError

    from engine.errors import InvalidInput

    told = {"home": home, "encoder": encoder, **given}
    try:
        return Settings(**{name: value for name, value in told.items() if value is not None})  # pyright: ignore[reportArgumentType] - values are validated by pydantic
    except ValidationError as error:
        listed = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']} (got {each['input']!r})"
            for each in error.errors()
        )
        raise InvalidInput(
            listed,
            where="settings",
            hint=f"Check LOOKALIKE_… in the environment and {CONFIG_FILE}.",
            code="settings.invalid",
        ) from error
