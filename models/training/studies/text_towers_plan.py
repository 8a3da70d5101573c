"""Which runs the text-tower study makes; finished ones are kept and not repeated."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from models.training.studies.text_towers_corpus import Corpus, CorpusLimits
from models.training.studies.text_towers_training import RunResult, RunSettings, train_run
from models.training.text_towers import TextTowerSizes, TowerName

__all__ = ["ARMS", "FULL", "QUICK", "Runs", "Strategy", "StudyPlan", "run_id", "strategies"]

_log = logging.getLogger(__name__)
ARMS: tuple[TowerName, ...] = ("word-average", "gru", "transformer")
_ALIKE = ("steps", "batch", "corpus", "sizes", "seed", "tower")
_RECIPE = 1
"""Raise when training changes, so that kept runs of the old one are not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
    """Sizes of a study.

    Attributes:
        pairs: Training sizes below that of all pairs, which always follows.
        rates: Learning rates tried for each tower.
        steps: Batches of every run.
        batch: Pairs a batch.
        twins: Pairs of drawn twins in a batch of the word-order runs.
        limits: Of the data.
        sizes: Of the towers.
    """

    pairs: tuple[int, ...]
    rates: dict[TowerName, tuple[float, ...]]
    steps: int
    batch: int
    twins: int
    limits: CorpusLimits
    sizes: TextTowerSizes


FULL = StudyPlan(
    pairs=(1_000, 5_000, 20_000),
    rates={
        "word-average": (1e-3, 3e-3, 1e-2, 3e-2),
        "gru": (1e-3, 3e-3, 1e-2),
        "transformer": (3e-4, 1e-3, 3e-3),
    },
    steps=350,
    batch=256,
    twins=32,
    limits=CorpusLimits(),
    sizes=TextTowerSizes(),
)
QUICK = StudyPlan(
    pairs=(100,),
    rates={"word-average": (3e-3,), "gru": (3e-3,), "transformer": (3e-4, 1e-3)},
    steps=3,
    batch=32,
    twins=4,
    limits=CorpusLimits(train=250, val=40, test=60, designs_train=1, designs_test=1),
    sizes=TextTowerSizes(vocabulary=600, width=64, layers=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A way of training to compare with the plain one of the same tower.

    Attributes:
        name: In words.
        tower: That is trained.
        base: Tower whose plain run it is compared with.
        changes: Fields of `RunSettings` that differ from the plain run.
    """

    name: str
    tower: TowerName
    base: TowerName
    changes: dict[str, object]


def strategies(
    rates: dict[TowerName, float], plan: StudyPlan, *, sentences: bool
) -> list[Strategy]:
    """All strategies.

    Args:
        rates: Rate chosen for each tower.
        plan: Names the other rates.
        sentences: Whether the sentence encoder is installed.
    """
    found = [
        Strategy(name=f"rate {rate:g}", tower=tower, base=tower, changes={"rate": rate})
        for tower in ("transformer",)
        for rate in plan.rates[tower]
        if rate != rates[tower]
    ]
    for tower in ("transformer", "word-average"):
        ways: list[tuple[str, dict[str, object]]] = [
            ("no warm-up", {"warm_share": 0.0}),
            ("word dropout 10%", {"word_drop": 0.1}),
            ("hardest negative from the start", {"loss": "hardest"}),
            ("InfoNCE, then hardest negative", {"loss": "hardest-late"}),
            ("trunk's last stage unfrozen for the last third", {"unfreeze_share": 2 / 3}),
        ]
        if tower == "word-average":
            ways = ways[1:3]
        found += [Strategy(name=name, tower=tower, base=tower, changes=each) for name, each in ways]
    found.append(
        Strategy(
            name="word average beside the layers",
            tower="transformer+average",
            base="transformer",
            changes={},
        )
    )
    if sentences:
        found.append(
            Strategy(
                name="MiniLM targets",
                tower="transformer",
                base="transformer",
                changes={"sentence_weight": 1.0},
            )
        )
    return found


def run_id(settings: RunSettings) -> str:
    """Hash of everything that decides a run's result."""
    text = json.dumps([_RECIPE, asdict(settings)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _describe(settings: RunSettings) -> str:
    """The fields that tell one run of a study from another."""
    plain = RunSettings(tower="gru", pairs=0, seed=0, rate=0, steps=0, batch=0, corpus="")
    changed = [
        f"{each.name} {getattr(settings, each.name)}"
        for each in fields(settings)
        if each.name not in _ALIKE and getattr(settings, each.name) != getattr(plain, each.name)
    ]
    return ", ".join([settings.tower, *changed, f"seed {settings.seed}"])


class Runs:
    """Runs of a study: each trained once and read from disk ever after.

    Args:
        folder: One JSON file a finished run.
        corpus: What they train on.
    """

    def __init__(self, folder: Path, corpus: Corpus):
        self._folder = folder
        self._corpus = corpus
        self._asked: set[str] = set()
        self.expected = 0
        """How many different runs the study makes, for the progress lines."""

    def __call__(self, settings: RunSettings) -> RunResult:
        """The result of a run."""
        name = run_id(settings)
        path = self._folder / f"{settings.tower}-{settings.pairs}-{name}.json"
        if name not in self._asked:
            self._asked.add(name)
            _log.info(
                "run %d of %d: %s%s",
                len(self._asked),
                max(self.expected, len(self._asked)),
                _describe(settings),
                ", kept from before" if path.exists() else "",
            )
        if not path.exists():
            result = train_run(self._corpus, settings)
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".part")
            fresh.write_text(
                json.dumps({"settings": asdict(settings), "result": asdict(result)}),
                encoding="utf-8",
            )
            fresh.replace(path)
        return RunResult(**json.loads(path.read_text(encoding="utf-8"))["result"])
