"""One run of the text-tower study: settings in, ranks on the test split out."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.training.losses import contrastive_loss, title_matches
from models.training.studies.text_towers_corpus import Corpus, train_subset
from models.training.studies.text_towers_model import (
    StudyModel,
    hardest_negative_loss,
    sentence_loss,
)
from models.training.studies.text_towers_retrieval import (
    first_of_each,
    picture_ranks,
    recall_hits,
    title_ranks,
    twin_choices,
)
from models.training.text_towers import TextTowerSizes, TowerName, count_parameters
from models.training.texts import drop_words, encode_batch

__all__ = ["LossName", "RunResult", "RunSettings", "train_run"]

_log = logging.getLogger(__name__)
LossName = Literal["infonce", "hardest", "hardest-late"]
_HEAD_RATE = 1e-3
_TRUNK_RATE = 1e-4
_WEIGHT_DECAY = 0.02
_MAX_LOG_SCALE = math.log(100)
_LATE_SHARE = 0.5
"""Share of the steps after which ``hardest-late`` leaves InfoNCE."""
_LOOKS = 4
"""Times that a run is measured on val; the best of these states is tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """All that decides a run's result; its hash names the kept file.

    Attributes:
        tower: Text tower.
        pairs: Training pairs.
        seed: Of weights, batches and which pairs a smaller set holds.
        rate: Peak learning rate of the text tower; the image head's is always 1e-3.
        steps: Batches.
        batch: Pairs a batch, the drawn ones included.
        warm_share: Share of the steps in which the rates rise from 0.
        loss: InfoNCE, hardest-negative triplet, or the one and then the other.
        word_drop: Probability that a word of a training title is left out.
        sentence_weight: Of the distance to the sentence encoder's vectors; 0 for none.
        unfreeze_share: Share of the steps after which the trunk's last stage learns; ``None`` if
            it never does.
        twins: Drawn pairs of twins in each batch; with any, the last state is kept and not the best
            on val, for val holds no drawn picture.
        sizes: Of the text tower.
        corpus: Fingerprint of the data.
    """

    tower: TowerName
    pairs: int
    seed: int
    rate: float
    steps: int
    batch: int
    corpus: str
    warm_share: float = 0.05
    loss: LossName = "infonce"
    word_drop: float = 0.0
    sentence_weight: float = 0.0
    unfreeze_share: float | None = None
    twins: int = 0
    sizes: TextTowerSizes = field(default_factory=TextTowerSizes)

    def __post_init__(self) -> None:
        if self.twins and self.unfreeze_share is not None:
            raise ValueError(
                "a run with twins cannot unfreeze the trunk: no maps of drawn pictures"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run found.

    Attributes:
        val_score: Mean of Recall@10 both ways on val, of the state that was kept.
        kept_step: Step of that state.
        last_loss: Of the last step, on its training batch.
        seconds: Time that training and measuring took.
        parameters: Of the text tower.
        text_ranks: Text to image on test, one a distinct title, from 0.
        image_ranks: Image to text on test, one a picture, from 0.
        twin_choices: 1, ½ or 0 for each text of the drawn test; empty for runs without twins.
    """

    val_score: float
    kept_step: int
    last_loss: float
    seconds: float
    parameters: int
    text_ranks: list[int]
    image_ranks: list[int]
    twin_choices: list[float]


class _Batches:
    """Rows and token ids of each step, drawn from (seed, step) alone."""

    def __init__(self, corpus: Corpus, settings: RunSettings):
        self._corpus = corpus
        self._settings = settings
        self._rows = train_subset(corpus, settings.pairs, settings.seed)

    def rows(self, step: int) -> NDArray[np.int64]:
        """Rows of a batch: catalogue pairs, each once an epoch, and then drawn twins."""
        settings = self._settings
        size = min(settings.batch - 2 * settings.twins, len(self._rows))
        per_epoch = len(self._rows) // size
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng((settings.seed, 1, epoch)).permutation(self._rows)
        chosen = order[place * size : (place + 1) * size]
        if not settings.twins:
            return chosen
        rng = np.random.default_rng((settings.seed, 2, step))
        count = min(settings.twins, len(self._corpus.twins_train))
        twins = rng.choice(self._corpus.twins_train, count, replace=False)
        return np.concatenate([chosen, twins.ravel()])

    def tokens(self, rows: NDArray[np.int64], step: int) -> Tensor:
        """Token ids (B, T) of the rows' titles, words left out where the run wants that."""
        titles = [self._corpus.titles[row] for row in rows.tolist()]
        if self._settings.word_drop:
            rng = np.random.default_rng((self._settings.seed, 3, step))
            drop = self._settings.word_drop
            titles = [drop_words(title, rng, rate=drop, colour_rate=0) for title in titles]
        return torch.from_numpy(encode_batch(self._corpus.tokenizer, titles))


def _optimiser(model: StudyModel, rate: float) -> torch.optim.AdamW:
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, each in model.named_parameters():
        if each.requires_grad:
            part = name.split(".")[0]
            peak = rate if part == "text" else _TRUNK_RATE if part == "upper" else _HEAD_RATE
            decays = each.ndim > 1 and "embed" not in name
            groups.setdefault((peak, decays), []).append(each)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": peak,
                "peak": peak,
                "weight_decay": _WEIGHT_DECAY if decays else 0.0,
            }
            for (peak, decays), parameters in groups.items()
        ]
    )


def _loss(
    model: StudyModel,
    corpus: Corpus,
    rows: NDArray[np.int64],
    tokens: Tensor,
    settings: RunSettings,
    done: float,
) -> Tensor:
    live = settings.unfreeze_share is not None and done >= settings.unfreeze_share
    images = model.embed_pictures(corpus, rows, live_trunk=live)
    texts = model.text(tokens)
    numbers = torch.from_numpy(corpus.numbers[rows])
    same, usable = title_matches(numbers, numbers)
    if settings.loss == "hardest" or (settings.loss == "hardest-late" and done >= _LATE_SHARE):
        loss = hardest_negative_loss(images, texts, same)
    else:
        logits = model.log_scale.exp() * texts @ images.T
        by_text = contrastive_loss(logits, same, usable)
        loss = 0.5 * (by_text + contrastive_loss(logits.T, same, usable))
    if model.sentence is not None and corpus.sentences is not None:
        targets = torch.from_numpy(corpus.sentences[rows])
        loss = loss + settings.sentence_weight * sentence_loss(model.sentence(texts), targets)
    return loss


def _ranks(
    model: StudyModel, corpus: Corpus, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Text to image and image to text among the pictures of one split."""
    numbers = corpus.numbers[rows]
    asked = rows[first_of_each(numbers)]
    tokens = encode_batch(corpus.tokenizer, [corpus.titles[row] for row in asked.tolist()])
    titles = model.title_vectors(tokens)
    pictures = model.picture_vectors(corpus, rows)
    asked_numbers = corpus.numbers[asked]
    return (
        picture_ranks(titles, asked_numbers, pictures, numbers),
        title_ranks(pictures, numbers, titles, asked_numbers),
    )


def _twin_test(model: StudyModel, corpus: Corpus) -> list[float]:
    rows = corpus.twins_test.ravel()
    tokens = encode_batch(corpus.tokenizer, [corpus.titles[row] for row in rows.tolist()])
    shape = (*corpus.twins_test.shape, -1)
    titles = model.title_vectors(tokens).reshape(shape)
    pictures = model.picture_vectors(corpus, rows).reshape(shape)
    return twin_choices(titles, pictures).tolist()


def _score(model: StudyModel, corpus: Corpus) -> float:
    return float(
        np.mean([recall_hits(ranks, 10).mean() for ranks in _ranks(model, corpus, corpus.val)])
    )


def _set_rates(optimiser: torch.optim.Optimizer, settings: RunSettings, step: int) -> None:
    warm_steps = settings.warm_share * settings.steps
    ramp = min(1.0, (step + 1) / warm_steps) if warm_steps else 1.0
    cosine = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * ramp * cosine


def train_run(corpus: Corpus, settings: RunSettings) -> RunResult:
    """Train one pair of towers, keep its best state on val, rank the test split with it.

    Raises:
        InvalidInput: The training diverged.
    """
    began = time.monotonic()
    model = StudyModel(
        settings.tower,
        settings.sizes,
        seed=settings.seed,
        sentences=settings.sentence_weight > 0,
        unfreezes=settings.unfreeze_share is not None,
    )
    optimiser = _optimiser(model, settings.rate)
    batches = _Batches(corpus, settings)
    look_every = max(1, settings.steps // _LOOKS)
    best, kept_step, kept, last_loss = -1.0, 0, {}, 0.0
    for step in range(settings.steps):
        torch.manual_seed(settings.seed * 1_000_003 + step)  # dropout
        _set_rates(optimiser, settings, step)
        rows = batches.rows(step)
        model.train()
        loss = _loss(
            model, corpus, rows, batches.tokens(rows, step), settings, step / settings.steps
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        last_loss = float(loss.detach())
        with torch.no_grad():
            model.log_scale.clamp_(max=_MAX_LOG_SCALE)
        done = step + 1
        if done == settings.steps or (done % look_every == 0 and not settings.twins):
            score = _score(model, corpus)
            _log.info(
                "  %s step %d of %d: loss %.3f, val %.3f, %.0f s",
                settings.tower,
                done,
                settings.steps,
                last_loss,
                score,
                time.monotonic() - began,
            )
            if score > best:
                best, kept_step = score, done
                kept = {name: each.clone() for name, each in model.state_dict().items()}
    model.load_state_dict(kept)
    text_ranks, image_ranks = _ranks(model, corpus, corpus.test)
    return RunResult(
        val_score=best,
        kept_step=kept_step,
        last_loss=last_loss,
        seconds=time.monotonic() - began,
        parameters=count_parameters(model.text),
        text_ranks=text_ranks.tolist(),
        image_ranks=image_ranks.tolist(),
        twin_choices=_twin_test(model, corpus) if settings.twins else [],
    )
