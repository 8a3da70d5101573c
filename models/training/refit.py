"""Fits texts and attributes again, to all pictures of the train split at once.

In a batch of some hundred pictures a text meets few that it could be mistaken for. With the image
tower fixed, every text can be compared with the whole train split: a step costs one matrix product.
Label names, which shoppers type and titles seldom are, gain most (Zhai et al. 2022, "LiT", fix the
image tower for another reason). Some titles are mistyped, reworded or get a made-up brand here, and
so do some phrases: a shopper's words are seldom a shop's.
"""

from __future__ import annotations

import logging
import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.training.batches import Source
from models.training.losses import contrastive_loss, phrase_matches
from models.training.network import DualTower
from models.training.pairs import ATTRIBUTES, encode_labels
from models.training.preparation import Prepared
from models.training.prompts import PROMPTED, label_prompts, prompt_loss
from models.training.recall import embed_cached
from models.training.refit_heads import refit_heads
from models.training.settings import TrainConfig
from models.training.slips import disturb, mistype
from models.training.texts import drop_words, encode_batch, phrase

__all__ = ["nearest_loss", "refit"]

_log = logging.getLogger(__name__)
_WARM_STEPS = 30
_VIEWS = 3
"""Views of the pictures that take turns, so that no text learns a single picture by heart."""
_PHRASE_SHARE = 0.5
_SLIP_RATE = 0.15
_TYPE = ATTRIBUTES.index("type")
_SHARPNESS = 40.0
"""Cosines times this, where a label has to find its nearest pictures: sharper than any learned
temperature, because only the first few count."""


def nearest_loss(names: Tensor, pictures: Tensor, match: Tensor, *, first: int = 10) -> Tensor:
    """How surely a text's nearest right pictures come before all wrong ones, mean over texts.

    For each of the `first` right pictures that lie nearest, −log of its share against the wrong
    ones. What precision among the first ten asks for: a text may choose the pictures that show it
    best, but has to find ten.

    Args:
        names: (P, D) unit vectors of texts.
        pictures: (N, D) unit vectors.
        match: (P, N) bool. Texts without a picture do not count.
        first: How many right pictures, at most.
    """
    logits = _SHARPNESS * names @ pictures.T
    wrong = logits.masked_fill(match, -torch.inf).logsumexp(1, keepdim=True)
    right = logits.masked_fill(~match, -torch.inf).topk(min(first, logits.shape[1]), dim=1).values
    there = right.isfinite()
    errors = functional.softplus((wrong - right).masked_fill(~there, 0)) * there
    counts = there.sum(1)
    return (errors.sum(1) / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)


@torch.no_grad()
def _gallery(model: DualTower, source: Source, device: str) -> list[Tensor]:
    found: list[Tensor] = []
    for cache, index in source.views[:_VIEWS]:
        found.append(torch.from_numpy(embed_cached(model, cache, index, device)).to(device))
        _log.info("refit: embedded view %d of %d pictures", len(found), len(index))
    return found


def refit(model: DualTower, ready: Prepared, config: TrainConfig) -> dict[str, tuple[str, ...]]:
    """Fit the text tower, for `config.refit_steps` steps, and the heads, both in place.

    Returns:
        Labels of each head.
    """
    source = ready.sources[0]
    views = _gallery(model, source, config.device)
    titles = [source.pairs.titles[row] for row in source.rows]
    label_words = [source.pairs.labels[row] for row in source.rows]
    labels = torch.from_numpy(encode_labels(label_words, ready.label_names)).to(config.device)
    model.heads, names = refit_heads(ready.label_names, views, labels, titles, seed=config.seed)
    _refit_texts(model, ready, config, views, titles, label_words, labels)
    return names


def _refit_texts(
    model: DualTower,
    ready: Prepared,
    config: TrainConfig,
    views: list[Tensor],
    titles: list[str],
    label_words: list[tuple[str, ...]],
    labels: Tensor,
) -> None:
    device = config.device
    numbers: dict[str, int] = {}
    own = torch.tensor([numbers.setdefault(title, len(numbers)) for title in titles]).to(device)
    prompts = label_prompts(ready.label_names, ready.tokenizer).to(device)
    scale = model.log_scale.detach().exp()
    phrase_scale = model.log_scale_phrase.detach().exp()

    model.eval().requires_grad_(False)
    model.text.train().requires_grad_(True)
    optimiser = torch.optim.AdamW(
        model.text.parameters(), lr=config.refit_rate, weight_decay=config.weight_decay
    )

    def tokens(texts: list[str]) -> Tensor:
        return torch.from_numpy(encode_batch(ready.tokenizer, texts)).to(device)

    for step in range(config.refit_steps):
        rng = np.random.default_rng((config.seed, 3, step))
        torch.manual_seed(config.seed * 1_000_003 + step)
        cosine = 0.5 * (1 + math.cos(math.pi * step / config.refit_steps))
        ramp = min(1.0, (step + 1) / _WARM_STEPS)
        for group in optimiser.param_groups:
            group["lr"] = config.refit_rate * ramp * (0.01 + 0.99 * cosine)
        pictures = views[step % len(views)]
        chosen = rng.choice(len(titles), min(config.batch, len(titles)), replace=False)

        asked = [
            disturb(
                drop_words(titles[row], rng, rate=config.word_drop, colour_rate=config.colour_drop),
                label_words[row][_TYPE],
                rng,
                rate=_SLIP_RATE,
            )
            for row in chosen
        ]
        same = own[chosen][:, None] == own[None]
        by_title = contrastive_loss(
            scale * model.text(tokens(asked)) @ pictures.T, same, torch.ones_like(same)
        )

        names = model.text(prompts.tokens)
        by_name = prompt_loss(pictures[chosen], names, prompts.sizes, labels[chosen])
        nearest: list[Tensor] = []
        for attribute, vectors in zip(PROMPTED, names.split(list(prompts.sizes)), strict=True):
            codes = torch.arange(len(vectors), device=device)
            match = codes[:, None] == labels[:, ATTRIBUTES.index(attribute)][None]
            nearest.append(nearest_loss(vectors, pictures, match))

        some = chosen[: math.ceil(_PHRASE_SHARE * len(chosen))]
        phrases = [phrase(label_words[row], rng) for row in some]
        said = [mistype(text, rng) if rng.random() < _SLIP_RATE else text for text, _ in phrases]
        named = torch.from_numpy(np.stack([mask for _, mask in phrases])).to(device)
        match, known = phrase_matches(named, labels[some], labels)
        by_phrase = contrastive_loss(
            phrase_scale * model.text(tokens(said)) @ pictures.T,
            match,
            known,
        )

        loss = (
            by_title
            + config.prompt_weight * by_name
            + torch.stack(nearest).mean()
            + config.phrase_weight * by_phrase
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.text.parameters(), 5.0)
        optimiser.step()
        if (step + 1) % 25 == 0:
            _log.info(
                "refit step=%d/%d title=%.3f name=%.3f nearest=%.3f phrase=%.3f",
                step + 1,
                config.refit_steps,
                float(by_title),
                float(by_name),
                float(torch.stack(nearest).mean()),
                float(by_phrase),
            )
    model.eval()
