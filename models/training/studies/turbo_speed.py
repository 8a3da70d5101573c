"""What retrieval costs where it is served: ONNX Runtime, against the graph without any hook."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap, row_percentile
from engine.ports import Network
from models.compact import read_config
from models.onnx_session import OnnxTower
from models.training.checkpoint import load_average
from models.training.studies.turbo_material import TurboMaterial, rows_of
from models.training.studies.turbo_prompts import Prompts
from models.training.variants.autoencoder import Autoencoder
from models.training.variants.export import export_bare, export_merged, export_variants
from models.training.variants.neighbours import title_groups
from models.variants.prompts import caption
from models.variants.turbo import Helped, Networks, SmallTurbo

__all__ = ["speed_figures"]

_BATCHES = (1, 4)
_ANCHOR = "one-step"
_THREADS = 1
_BARE = ("latents", "time", "text", "codes", "planes")
_MERGED = (*_BARE, "retrieved", "similarity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphs:
    """The generator as it is served, without any hook, and with the decoder's changes merged."""

    served: SmallTurbo
    bare: SmallTurbo
    merged: SmallTurbo


class _Fewer:
    """A graph that takes only some of what it is given."""

    def __init__(self, network: Network, names: tuple[str, ...]):
        self._network, self._names = network, names

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the file says of itself."""
        return self._network.metadata

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        """See `engine.ports.Network`."""

        def some(start: int, end: int) -> dict[str, Any]:
            held = inputs(start, end)
            return {name: held[name] for name in self._names}

        return self._network.run(count, some)


def speed_figures(
    material: TurboMaterial, prompts: Prompts, folder: Path, *, count: int
) -> list[Figure]:
    """Milliseconds a picture on one thread, from a prompt to pixels, and ratios to the anchor.

    Arms take turns, so what else the machine does falls on all of them alike.

    Args:
        material: With an adapter.
        prompts: Of words; the first are drawn, again and again.
        folder: Gets the graphs.
        count: Turns.
    """
    graphs = _served(material, folder)
    groups = title_groups(material.catalogue.pairs.titles)
    figures: list[Figure] = []
    for batch in _BATCHES:
        spent: dict[str, list[float]] = {}
        for turn in range(count + 1):
            first = turn * batch % max(1, len(prompts) - batch + 1)
            part = prompts[first : first + batch]
            for name, way in _ways(graphs, material, part, groups).items():
                began = time.perf_counter()
                way()
                took = 1000 * (time.perf_counter() - began) / len(part)
                if turn:  # the first is to warm up
                    spent.setdefault(name, []).append(took)
        figures += _figures(spent, f"batch {batch}")
    return figures


def _ways(
    graphs: Graphs, material: TurboMaterial, prompts: Prompts, groups: NDArray[np.int64]
) -> dict[str, Callable[[], object]]:
    """What is timed of some prompts."""
    held = material.bank
    said = [each.attributes for each in prompts]
    seeds = list(range(len(prompts)))
    # The prompt is embedded to be drawn in any case, and once is enough.
    texts = material.encoder.embed_texts([caption(each) for each in said])
    own = groups[rows_of(prompts)]

    def helped() -> Helped:
        near = held.search.nearest(texts, count=1, without=own)
        features = held.features[near.rows].astype(np.float32)
        return Helped(features=features, similarity=near.similarity)

    ready = helped()
    return {
        _ANCHOR: lambda: graphs.bare.draw(said, seeds=seeds),
        "four-step": lambda: graphs.bare.draw(said, seeds=seeds, steps=4),
        "hooks-idle": lambda: graphs.served.draw(said, seeds=seeds),
        "adapter-given": lambda: graphs.served.draw(said, seeds=seeds, helped=ready),
        "retrieval": helped,
        "adapter": lambda: graphs.served.draw(said, seeds=seeds, helped=helped()),
        "adapter-merged": lambda: graphs.merged.draw(said, seeds=seeds, helped=helped()),
    }


def _figures(spent: dict[str, list[float]], condition: str) -> Iterator[Figure]:
    median = row_percentile(50)
    for name, values in spent.items():
        yield measured(
            bootstrap(values, statistic=median),
            metric="ms_p50", arm=name, condition=condition, unit="ms",
        )  # fmt: skip
    anchor = np.array(spent[_ANCHOR])
    for name, values in spent.items():
        if name not in (_ANCHOR, "retrieval"):
            yield measured(
                bootstrap(np.array(values) / anchor, statistic=median),
                metric="ratio", arm=f"{name}/{_ANCHOR}", condition=condition, unit="ratio",
            )  # fmt: skip


def _served(material: TurboMaterial, folder: Path) -> Graphs:
    student, retrieval = material.retrieval("adapter")
    autoencoder = Autoencoder()
    autoencoder.load_state_dict(load_average(material.checkpoint("autoencoder")))
    vocabulary = material.catalogue.vocabulary
    target = export_variants(
        autoencoder.eval(),
        student,
        retrieval,
        vocabulary,
        folder / "variants",
        encoder=read_config(material.config.encoder).revision,
    )
    retrieval.remove()
    config = json.loads((target / "config.json").read_text(encoding="utf-8"))

    def turbo(generator: Network) -> SmallTurbo:
        return SmallTurbo(
            Networks(
                encoder=_opened(target / "encoder.onnx"),
                decoder=_opened(target / "decoder.onnx"),
                generator=generator,
                middle=_opened(target / "middle.onnx"),
            ),
            vocabulary,
            material.encoder,
            latents=tuple(config["latents"]),
            middle=tuple(config["middle"]),
        )

    bare = _Fewer(_opened(export_bare(student, target)), _BARE)
    student, retrieval = material.retrieval("adapter")
    path = export_merged(student, retrieval, target, folder / "merged")
    merged = _Fewer(_opened(path), _MERGED)
    return Graphs(
        served=turbo(_opened(target / "generator.onnx")), bare=turbo(bare), merged=turbo(merged)
    )


def _opened(path: Path) -> OnnxTower:
    return OnnxTower(path, chunk=16, threads=_THREADS)
