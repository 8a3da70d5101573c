"""Sketches as they are served, one kept of several, against the first of each seed.

The tagger that ships chooses, so it cannot judge: the study's judge does, which has learned from
neither the generator's pictures nor the tagger's.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap, row_percentile
from engine.query.lexicon import Lexicon, default_lexicon
from engine.rendering import Change, DrawRequest
from engine.types import Facet
from models.attributes import outspoken, predictor_for
from models.compact import CompactEncoder
from models.training.studies.result import StudyResult
from models.training.studies.turbo_draw import kept, key_of
from models.training.studies.turbo_judge import Eyes
from models.training.studies.turbo_looks import fit_judge, judged, judged_rows
from models.training.studies.turbo_prompts import Prompt
from models.training.studies.turbo_settings import TurboSizes
from models.training.variants.preparation import Catalogue, prepare
from models.training.variants.settings import VariantsConfig
from models.variants.catalogue_bank import MemoryFeatures
from models.variants.patterns import PATTERNS
from models.variants.sketch_judge import SketchJudge
from models.variants.sketches import Sketcher
from models.variants.turbo import HEIGHT_PX, WIDTH_PX, SmallTurbo, load_small_turbo

__all__ = ["draw_edits", "measure_sketches"]

_EDITED = (
    Facet.TYPE,
    Facet.GENDER,
    Facet.SLEEVE,
    Facet.NECK,
    Facet.PATTERN,
    Facet.MATERIAL,
)
"""What a sketch is needed for."""
_CHUNK = 64


def measure_sketches(
    config: VariantsConfig, *, work: Path, count: int, sizes: TurboSizes | None = None
) -> StudyResult:
    """Draw edits of test products both ways, and ask the judge.

    Args:
        config: Data, encoder, and where the prepared catalogue is kept.
        work: Keeps the judge, and what it has seen.
        count: Edits.
        sizes: Of the judge.

    Raises:
        ModelUnavailable: The generator's weights are missing.
        NotFound: ``kagl.parquet`` is not in the data folder.
    """
    catalogue, lexicon, sizes = prepare(config), default_lexicon(), sizes or TurboSizes()
    encoder = CompactEncoder(config.encoder, threads=1)
    turbo = load_small_turbo(encoder, threads=1)
    tagger = predictor_for(encoder)
    if tagger is None:  # a compact encoder predicts attributes itself
        raise AssertionError
    eyes, frames = Eyes(), catalogue.frames.pixels[judged_rows(catalogue)]
    name = key_of("served", turbo.revision, catalogue.pairs.ids)
    real = kept(work / f"seen-{name}.npy", lambda: eyes(frames))
    soft = kept(work / f"seen-soft-{name}.npy", lambda: eyes(_through(turbo, frames)))
    judge = fit_judge(catalogue, (real, soft), sizes, work, name)
    edits = draw_edits(catalogue, judge.values, lexicon, count=count)
    ways = {
        "first": Sketcher(turbo, None, MemoryFeatures()),
        "chosen": Sketcher(
            turbo, None, MemoryFeatures(), SketchJudge(encoder, outspoken(tagger), lexicon)
        ),
    }
    values: dict[str, dict[str, NDArray[np.float64]]] = {}
    took_ms: dict[str, NDArray[np.float64]] = {}
    for name, sketcher in ways.items():
        drawn, took_ms[name] = _drawn(sketcher, catalogue, edits)
        values[name], _ = judged(
            judge, eyes(drawn), edits, titles=catalogue.pairs.titles, lexicon=lexicon
        )
    return StudyResult(
        figures=(*_figures(edits, values), *_speeds(took_ms)),
        notes=(
            f"{len(edits)} products of the test split, sharp pictures first, each with one of its"
            f" attributes changed ({', '.join(each.value for each in _EDITED)} in turn), seed 0,"
            " from the picture of the product, without a catalogue to help.",
            "first: the seed's own noise. chosen: of nine, by the tagger, as served. attributes:"
            " share of the prompt's attributes that the study's judge finds (docs/studies/turbo.md)"
            "; change: the changed one alone. One thread. ratio: the median of products' ratios."
            " Intervals resample products.",
        ),
    )


def draw_edits(
    catalogue: Catalogue,
    values: dict[Facet, tuple[str, ...]],
    lexicon: Lexicon,
    *,
    count: int,
) -> list[Prompt]:
    """Test products with another value of one attribute, the attributes in turn.

    Args:
        catalogue: Prepared.
        values: What the judge knows.
        lexicon: Another type is of the same category.
        count: At most.
    """
    rows = catalogue.pairs.rows("test").tolist()
    rows.sort(key=lambda row: (not catalogue.frames.sharp[row], _hash(catalogue, row)))
    edits: list[Prompt] = []
    turns = {facet: 0 for facet in _EDITED if values.get(facet)}
    for row in rows:
        said = catalogue.attributes[row]
        if said.get(Facet.TYPE, "") not in values[Facet.TYPE]:
            continue
        # Whose turn has come least often, so that rare attributes get theirs.
        for facet in sorted(turns, key=lambda each: turns[each]):
            others = _others(facet, said.get(facet, ""), values[facet], lexicon)
            if others:
                value = others[_hash(catalogue, row) % len(others)]
                edits.append(
                    Prompt(
                        row=row, attributes={**said, facet: value}, held_out=False, changed=facet
                    )
                )
                turns[facet] += 1
                break
        if len(edits) == count:
            break
    return edits


def _others(facet: Facet, value: str, known: Sequence[str], lexicon: Lexicon) -> list[str]:
    others = [each for each in known if each != value] if value else []
    if facet is Facet.TYPE:
        return [each for each in others if lexicon.category(each) == lexicon.category(value)]
    if facet is Facet.PATTERN:
        return [each for each in others if each not in PATTERNS]
    return others


def _drawn(
    sketcher: Sketcher, catalogue: Catalogue, edits: Sequence[Prompt]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Frames uint8 (B, 96, 72, 3), and milliseconds of each."""
    frames: list[NDArray[np.uint8]] = []
    took: list[float] = []
    for each in edits:
        reference = np.ascontiguousarray(catalogue.frames.pixels[each.row])
        request = DrawRequest(
            reference=reference,
            change=Change(before=catalogue.attributes[each.row], after=each.attributes),
        )
        began = time.perf_counter()
        sketch = next(sketcher.draw(request, reference, [0])).image
        took.append(1000 * (time.perf_counter() - began))
        small = Image.fromarray(sketch).resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BOX)
        frames.append(np.asarray(small))
    return np.stack(frames), np.array(took)


def _figures(
    edits: Sequence[Prompt], values: dict[str, dict[str, NDArray[np.float64]]]
) -> list[Figure]:
    changed = np.array([each.changed.value if each.changed else "" for each in edits])
    found: list[Figure] = []
    for condition in ("all", *(each.value for each in _EDITED)):
        rows = (changed == condition) | (condition == "all")
        for metric in ("attributes", "change"):
            held = {arm: each[metric][rows] for arm, each in values.items()}
            held["gain"] = held["chosen"] - held["first"]
            for arm, row in held.items():
                row = row[~np.isnan(row)]
                if len(row):
                    found.append(
                        measured(bootstrap(row), metric=metric, arm=arm, condition=condition)
                    )
    return found


def _speeds(took_ms: Mapping[str, NDArray[np.float64]]) -> Iterator[Figure]:
    for arm, row in (*took_ms.items(), ("chosen/first", took_ms["chosen"] / took_ms["first"])):
        ratio = "/" in arm
        yield measured(
            bootstrap(row, statistic=row_percentile(50)),
            metric="ratio" if ratio else "ms_p50",
            arm=arm,
            condition="all",
            unit="ratio" if ratio else "ms",
        )


def _through(turbo: SmallTurbo, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames through the autoencoder: as soft as what is generated."""
    return np.concatenate(
        [
            turbo.decode(turbo.encode(list(frames[start : start + _CHUNK])))
            for start in range(0, len(frames), _CHUNK)
        ]
    )


def _hash(catalogue: Catalogue, row: int) -> int:
    text = f"edit|{catalogue.pairs.ids[row]}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
