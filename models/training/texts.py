"""The text side of training: the subword vocabulary, short attribute phrases, text augmentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from models.training.pairs import ATTRIBUTES
from models.training.synonyms import COLOUR_WORDS, SYNONYMS

__all__ = ["drop_words", "encode_batch", "learn_tokenizer", "phrase", "say"]

_PAD, _UNKNOWN, _START = "[PAD]", "[UNK]", "[START]"


def learn_tokenizer(texts: Iterable[str], *, size: int, tokens: int) -> Tokenizer:
    """Learn byte-pair subwords from training texts.

    Args:
        texts: Titles and phrases of the training split only.
        size: Vocabulary, the three special tokens included.
        tokens: Longest text; the rest is cut off.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=_UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("isolated")]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[_PAD, _UNKNOWN, _START],
        min_frequency=2,
        show_progress=False,
        initial_alphabet=[chr(code) for code in range(33, 127)],
    )
    tokenizer.train_from_iterator(texts, trainer)
    start = tokenizer.token_to_id(_START)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_START} $A", special_tokens=[(_START, start)]
    )
    tokenizer.enable_truncation(tokens)
    tokenizer.enable_padding(pad_id=0, pad_token=_PAD)
    return tokenizer


def encode_batch(tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.int64]:
    """Token ids (N, T), padded with 0 to the longest text of the batch."""
    return np.array([each.ids for each in tokenizer.encode_batch(list(texts))], dtype=np.int64)


def say(attribute: str, value: str, rng: np.random.Generator) -> str:
    """One way to say a label: the label itself or a synonym."""
    ways = SYNONYMS.get(attribute, {}).get(value, ())
    if ways and rng.random() < 0.6:
        return ways[int(rng.integers(len(ways)))]
    return value.lower()


_PROBABILITY = {
    "type": 0.75,
    "colour": 0.55,
    "gender": 0.35,
    "usage": 0.12,
    "season": 0.04,
    "category": 0.06,
    "subcategory": 0.1,
}


def phrase(labels: Sequence[str], rng: np.random.Generator) -> tuple[str, NDArray[np.bool_]]:
    """A short query that a product with these labels satisfies.

    Args:
        labels: In the order of `ATTRIBUTES`, empty where unknown.
        rng: Chooses the attributes, their words and their order.

    Returns:
        The text, and which attributes (A,) it names.
    """
    known = [place for place, value in enumerate(labels) if value]
    named = [place for place in known if rng.random() < _PROBABILITY[ATTRIBUTES[place]]]
    if not named and known:
        named = [known[int(rng.integers(len(known)))]]
    words = [say(ATTRIBUTES[place], labels[place], rng) for place in named]
    order = rng.permutation(len(words))
    text = " ".join(words[place] for place in order)
    mask = np.zeros(len(ATTRIBUTES), dtype=np.bool_)
    mask[named] = True
    return text, mask


def drop_words(title: str, rng: np.random.Generator, *, rate: float, colour_rate: float) -> str:
    """A title with some words left out, never all of them.

    Args:
        title: Lower case.
        rng: Chooses.
        rate: Probability that a word is left out.
        colour_rate: Probability that every colour word is left out.
    """
    words = title.split()
    if len(words) < 3:
        return title
    no_colour = rng.random() < colour_rate
    draws = rng.random(len(words))
    kept = [
        word
        for word, draw in zip(words, draws, strict=True)
        if draw >= rate and not (no_colour and word in COLOUR_WORDS)
    ]
    return " ".join(kept) or title
