"""``lookalike doctor``: what is there, what fits together, what to do where it does not."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from api.commands.terminal import (
    EncoderOption,
    HomeOption,
    JsonOption,
    open_container,
    print_json,
    stdout,
)
from engine.errors import IndexLocked, LookalikeError

if TYPE_CHECKING:
    from api.container import Container

_PACKAGES = (
    "numpy",
    "onnxruntime",
    "tokenizers",
    "pillow",
    "qdrant-edge-py",
    "qdrant-client",
    "sqlalchemy",
    "pyarrow",
    "fastapi",
    "uvicorn",
)
_PASSWORD = re.compile(r"(://[^/@\s:]*:)[^@\s]*@")
_LEAST_DISK_BYTES = 1_000_000_000
_MARKS = {"ok": "[green]ok[/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding: ``ok``, ``warn`` or ``fail``."""

    name: str
    status: str
    message: str


def doctor(
    as_json: JsonOption = False, home: HomeOption = None, encoder: EncoderOption = None
) -> None:
    """Look at versions, settings, disk, model files, index against catalogue, and the port.

    Ends with 1 when something is wrong that keeps Lookalike from working.
    """
    with open_container(home=home, encoder=encoder) as container:
        checks = [check for look in _LOOKS for check in look(container)]
    failed = any(check.status == "fail" for check in checks)
    if as_json:
        listed = [
            {"name": each.name, "status": each.status, "message": each.message} for each in checks
        ]
        print_json({"ok": not failed, "checks": listed})
    else:
        from rich.markup import escape

        console = stdout()
        for each in checks:
            console.print(f"{_MARKS[each.status]:<14} {each.name:<29} {escape(each.message)}")
    if failed:
        raise typer.Exit(1)


def _versions(_: Container) -> Iterator[Check]:
    from importlib.metadata import PackageNotFoundError, version

    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "missing"

    yield Check(name="python", status="ok", message=platform.python_version())
    found = {package: of(package) for package in _PACKAGES}
    status = "fail" if "missing" in found.values() else "ok"
    listed = ", ".join(f"{name} {held}" for name, held in found.items())
    yield Check(name="packages", status=status, message=listed)


def _settings(container: Container) -> Iterator[Check]:
    settings = container.settings
    # Empty ones stand for places in the home folder; shown is what they come to.
    meant = {
        "home": settings.home.resolve(),
        "index": settings.index_where,
        "catalogue": settings.catalogue_url,
        "feeds": settings.feeds_folder,
    }
    for name in type(settings).model_fields:
        value = meant.get(name, getattr(settings, name))
        if name == "limits":
            for limit, number in settings.limits.model_dump().items():
                yield Check(name=f"limits.{limit}", status="ok", message=f"{number:,}")
        else:
            shown = ", ".join(value) if isinstance(value, tuple) else str(value)
            yield Check(
                name=f"settings.{name}", status="ok", message=_PASSWORD.sub(r"\1***@", shown)
            )


def _disk(container: Container) -> Iterator[Check]:
    folder = container.settings.home.resolve()
    while not folder.exists():
        folder = folder.parent
    free_bytes = shutil.disk_usage(folder).free
    yield Check(
        name="disk",
        status="ok" if free_bytes >= _LEAST_DISK_BYTES else "warn",
        message=f"{free_bytes / 1e9:.1f} GB free at {folder}",
    )


def _models(_: Container) -> Iterator[Check]:
    import detectors
    import models

    for package in (models, detectors):
        root = Path(package.__path__[0]) / "weights"
        files = sorted(path for kind in ("*.onnx", "*.safetensors") for path in root.rglob(kind))
        if not files:
            yield Check(name="weights", status="warn", message=f"no model files under {root}")
        yield from _weights(root, files)


def _weights(root: Path, files: Sequence[Path]) -> Iterator[Check]:
    import hashlib

    for path in files:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size_mb = path.stat().st_size / 1e6
        name = path.relative_to(root)
        yield Check(
            name="weights", status="ok", message=f"{name} {size_mb:.1f} MB sha256 {digest[:16]}"
        )


def _composer(container: Container) -> Iterator[Check]:
    from models.composer import load_composer

    try:
        composer = load_composer()
        fingerprint = container.encoder.encoder_id.fingerprint
    except LookalikeError as error:
        yield Check(
            name="composer", status="warn", message=f"{error}; changes in words are arithmetic"
        )
        return
    if composer.encoder == fingerprint:
        yield Check(name="composer", status="ok", message=f"made for {fingerprint}")
    else:
        yield Check(
            name="composer",
            status="warn",
            message=f"made for {composer.encoder}, the encoder is {fingerprint}: not used, changes "
            "in words are plain arithmetic; lookalike train composer makes one for it",
        )


def _tagger(container: Container) -> Iterator[Check]:
    from models.attributes import load_tagger

    try:
        tagger = load_tagger()
        fingerprint = container.encoder.encoder_id.fingerprint
    except LookalikeError as error:
        message = f"{error}; attributes come from the encoder alone"
        yield Check(name="tagger", status="warn", message=message)
        return
    if tagger.encoder == fingerprint:
        yield Check(name="tagger", status="ok", message=f"made for {fingerprint}")
    else:
        yield Check(
            name="tagger",
            status="warn",
            message=f"made for {tagger.encoder}, the encoder is {fingerprint}: not used, "
            "attributes come from the encoder alone; lookalike train tagger makes one for it",
        )


def _main_product(container: Container) -> Iterator[Check]:
    try:
        look = container.look
    except LookalikeError as error:
        yield Check(name="main product", status="fail", message=str(error))
        return
    if look is None:
        message = "no detector: ingestion takes pictures whole"
        yield Check(name="main product", status="warn", message=message)
    elif look.finds_products:
        yield Check(name="main product", status="ok", message="found by boxes and titles")
    else:
        yield Check(
            name="main product",
            status="warn",
            message="made for another encoder: not used, ingestion takes pictures whole; "
            "lookalike train gallery makes one for compact and the detector that ship",
        )


def _variants(container: Container) -> Iterator[Check]:
    from models.variants.mask import load_masks
    from models.variants.turbo import load_small_turbo

    name = "variants"
    try:
        masks = load_masks().revision
    except LookalikeError as error:
        yield Check(name=name, status="warn", message=f"none can be drawn: {error}")
        return
    try:
        generator = load_small_turbo(container.encoder).revision
    except LookalikeError as error:
        message = f"small: colours and patterns alone, no sketches: {error}"
        yield Check(name=name, status="warn", message=message)
    else:
        message = f"small: masks {masks}, generator {generator}"
        yield Check(name=name, status="ok", message=message)


def _sd_turbo(container: Container) -> Iterator[Check]:
    from importlib.util import find_spec

    from models.hub.sd_turbo.checkpoint import find_pipeline

    name = "sd-turbo"
    settings = container.settings
    if not settings.variants_model:
        yield Check(name=name, status="ok", message="off: LOOKALIKE_VARIANTS_MODEL names none")
        return
    if find_spec("diffusers") is None:
        message = "diffusers is not installed: pip install 'lookalike[models]'"
        yield Check(name=name, status="warn", message=message)
        return
    try:
        # What is not here is not fetched to look at it.
        files = find_pipeline(settings.variants_model, network=False)
    except LookalikeError as error:
        yield Check(name=name, status="warn", message=str(error))
        return
    adapter = settings.variants_adapter
    if adapter is not None and not (adapter / "sd-adapter.safetensors").is_file():
        yield Check(name=name, status="warn", message=f"{adapter} has no sd-adapter.safetensors")
        return
    helped = "slerp" if adapter is None else f"adapter {adapter}"
    yield Check(name=name, status="ok", message=f"{files.folder}, {helped}")


def _index(container: Container) -> Iterator[Check]:
    from engine.ids import point_id
    from engine.index.open import index_exists

    try:
        encoder_id = container.encoder.encoder_id
        if not index_exists(container.settings.index_where, encoder_id):
            yield Check(name="index", status="warn", message="none yet; lookalike ingest makes it")
            return
        in_index = dict(container.index.point_ids())
        catalogue = container.catalogue
        stamps = {
            point_id(tenant, product): stamp.version
            for tenant in catalogue.tenants()
            for product, stamp in catalogue.stamps(tenant).items()
        }
    except IndexLocked as error:
        yield Check(name="index", status="warn", message=f"not looked at: {error}")
        return
    except LookalikeError as error:
        yield Check(name="index", status="fail", message=str(error))
        return
    yield Check(name="fingerprint", status="ok", message=encoder_id.fingerprint)
    missing = sum(in_index.get(point) != version for point, version in stamps.items())
    phantoms = len(in_index.keys() - stamps.keys())
    agrees = not (missing or phantoms)
    yield Check(
        name="index",
        status="ok" if agrees else "warn",
        message=f"{len(in_index):,} points, {len(stamps):,} products"
        + (
            ""
            if agrees
            else f"; {missing} missing or stale, {phantoms} too many: the next start repairs it"
        ),
    )


def _port(container: Container) -> Iterator[Check]:
    from api.commands.serve import check_port

    settings = container.settings
    try:
        check_port(settings.host, settings.port)
    except LookalikeError as error:
        yield Check(name="port", status="warn", message=str(error))
    else:
        yield Check(name="port", status="ok", message=f"{settings.host}:{settings.port} is free")


_LOOKS: tuple[Callable[[Container], Iterator[Check]], ...] = (
    _versions,
    _settings,
    _disk,
    _models,
    _composer,
    _tagger,
    _main_product,
    _variants,
    _sd_turbo,
    _index,
    _port,
)
