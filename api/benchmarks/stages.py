"""Where the time of an ingestion goes, stage by stage, and how often each stage does its work."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from unittest.mock import patch

from api.look import able_to_show
from detectors.gallery_graph import LEAST_SCORE, MOST_BOXES
from detectors.registry import load_detector, load_finder
from detectors.reldetect import load_reldetect
from engine.blobs import BlobFolder
from engine.catalogue.store import open_catalogue
from engine.evaluation.figures import Figure
from engine.index.open import open_index
from engine.look import LookService
from engine.ports import DualEncoder
from engine.query.lexicon import default_lexicon
from ingestion.embed import stored_sight
from ingestion.options import IngestOptions
from ingestion.pipeline import ingest
from models.attributes import predictor_for
from models.onnx_session import OnnxTower

__all__ = ["measure_stages"]


class _Clock:
    """Seconds and items of each stage, summed over threads."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.items: Counter[str] = Counter()
        self._lock = threading.Lock()

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, timed; an argument that has a length says how many items it is of."""

        def run(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return work(*args, **options)
            finally:
                taken = time.perf_counter() - start
                first: object = args[0] if args else None
                count = len(cast("list[object]", first)) if isinstance(first, list) else 1
                with self._lock:
                    self.seconds[stage] += taken
                    self.items[stage] += count

        return run


class _Watched:
    """Stands for another object; some of its methods are timed."""

    def __init__(self, inner: object, clock: _Clock, stages: Mapping[str, str]) -> None:
        self._inner = inner
        for method, stage in stages.items():
            if hasattr(inner, method):
                setattr(self, method, clock.timed(stage, getattr(inner, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def measure_stages(feed: Path, encoder: DualEncoder) -> list[Figure]:
    """Ingest a feed into an empty store, with the time that every stage is at work.

    Stages overlap, so their seconds add up to more than the run's.

    Args:
        feed: CSV with pictures beside it.
        encoder: No cached one.
    """
    clock, lexicon = _Clock(), default_lexicon()
    predictor: Any = predictor_for(encoder)
    eyes: Any = _Watched(encoder, clock, {"embed_images": "encode", "embed_texts": "encode texts"})
    boxes = load_detector(OnnxTower, least_score=LEAST_SCORE, most=MOST_BOXES)
    finder: Any = _Watched(
        load_finder(encoder.encoder_id, boxes.classes, detector=boxes.weights),
        clock,
        {"score": "main product"},
    )
    detector: Any = _Watched(boxes, clock, {"detect": "detect"})
    namer: Any = _Watched(load_reldetect(boxes.classes), clock, {"name": "fine names"})
    tagger: Any = _Watched(predictor, clock, {"predict": "attributes"}) if predictor else None
    look = LookService(
        detector=detector, encoder=eyes, finder=finder, namer=namer, shows=able_to_show(lexicon)
    )
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="lookalike-stages-")))
        catalogue = open_catalogue(str(home / "catalogue.sqlite"))
        stack.callback(catalogue.close)
        index = open_index(str(home / "index"), encoder.encoder_id)
        stack.callback(index.close)
        kept: Any = _Watched(
            catalogue,
            clock,
            dict.fromkeys(("put_pending", "mark_indexed", "embeddings", "looks"), "catalogue"),
        )
        points: Any = _Watched(index, clock, dict.fromkeys(("upsert", "flush"), "index"))
        import ingestion.embed as embed

        stack.enter_context(
            patch.object(embed, "decode_image", clock.timed("decode", embed.decode_image))
        )
        report = ingest(
            feed,
            options=IngestOptions(),
            catalogue=kept,
            index=points,
            blobs=BlobFolder(home / "blobs"),
            encoder=eyes,
            predictor=tagger,
            look=look,
            lexicon=lexicon,
        )
        products = list(catalogue.iter_products())
        pictures = {each for product in products for each in product.pictures}
        sight = stored_sight(look, IngestOptions())
        seen = catalogue.looks(pictures, sight=sight).values()
        boxes_seen = sum(len(each.detections) for each in seen)
    busy = sum(clock.seconds.values())
    networks = sum(clock.seconds[stage] for stage in ("detect", "encode", "encode texts"))
    rate = report.rows / report.seconds
    work = {
        "decode": clock.items["decode"] / len(pictures),
        "detect": clock.items["detect"] / len(pictures),
        "encode": clock.items["encode"] / (len(pictures) + boxes_seen),
        "encode texts": clock.items["encode texts"] / len({each.title for each in products}),
    }
    return [
        Figure(metric="rate", arm="pipeline", condition="galleries", value=rate, unit="1/s"),
        Figure(
            metric="busy", arm="networks", condition="galleries", value=networks / report.seconds
        ),
        Figure(
            metric="rate",
            arm="pipeline",
            condition="pictures",
            value=len(pictures) / report.seconds,
            unit="1/s",
        ),
        Figure(
            metric="pictures",
            arm="pipeline",
            condition="a product",
            value=sum(len(each.pictures) for each in products) / len(products),
        ),
        Figure(
            metric="located",
            arm="pipeline",
            condition="galleries",
            value=report.located / max(1, report.looked_at),
            n=report.looked_at,
            unit="fraction",
        ),
        *(
            Figure(
                metric="share", arm=stage, condition="stage", value=taken / busy, unit="fraction"
            )
            for stage, taken in sorted(clock.seconds.items(), key=lambda item: -item[1])
        ),
        *(
            Figure(metric="times", arm=stage, condition="an item", value=times)
            for stage, times in work.items()
        ),
    ]
