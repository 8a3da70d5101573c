"""The attribute tagger as it is served: a small network over picture vectors, by ONNX Runtime.

Implements `engine.ports.AttributePredictor` from what `lookalike train tagger` wrote. It reads the
vectors of the one encoder that it was trained with, so a catalogue's cached embeddings are enough.
Probabilities are calibrated (a temperature a facet, Guo et al. 2017). A facet that a product may
lack, such as a sleeve, has a share "none of these"; what is left where that is taken away, and not
sure enough, is not said at all.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import AttributePredictor, DualEncoder, Network
from engine.types import EncoderId, Facet, Vectors
from models.onnx_session import OnnxTower

__all__ = [
    "WEIGHTS",
    "AttributeTagger",
    "TaggedFacet",
    "load_tagger",
    "outspoken",
    "own_predictor",
    "predictor_for",
    "tagger_for",
]

_log = logging.getLogger(__name__)

WEIGHTS = Path(__file__).parent / "weights" / "tagger"
_BATCH = 512
_HINT = "Train it with `lookalike train tagger`."


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedFacet:
    """One facet of the tagger.

    Attributes:
        facet: Which.
        labels: Canonical values, in the order of the network's outputs.
        temperature: Logits are divided by it; above 1 where the network is too sure.
        has_none: The output before the labels' says that the product has no such attribute.
        sure_from: Least probability of the likeliest value at which anything is said.
    """

    facet: Facet
    labels: tuple[str, ...]
    temperature: float = 1.0
    has_none: bool = False
    sure_from: float = 0.0

    @property
    def outputs(self) -> int:
        """How many outputs of the network are its own."""
        return len(self.labels) + self.has_none

    def shares(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (N, outputs) to probabilities of the labels; a row that is not sure is all 0."""
        raised = logits / np.float32(self.temperature)
        raised = np.exp(raised - raised.max(axis=1, keepdims=True, initial=-np.inf))
        shares = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
        if self.has_none:
            shares = shares[:, 1:].copy()
        shares[shares.max(axis=1, initial=0.0) < self.sure_from] = 0.0
        return shares


class AttributeTagger:
    """Attributes from picture vectors.

    Args:
        network: ``vectors`` (N, D) to the logits of all facets, one after another (N, C).
        facets: In the order of the outputs.
        encoder: Fingerprint of the encoder whose vectors it reads.
        dims: Their length.
        revision: Of the weights.
    """

    def __init__(
        self,
        network: Network,
        facets: Sequence[TaggedFacet],
        *,
        encoder: str,
        dims: int,
        revision: str,
    ) -> None:
        self._network = network
        self._facets = tuple(facets)
        self._encoder = encoder
        self._dims = dims
        self._revision = revision

    def outspoken(self) -> AttributeTagger:
        """The same network where unsure answers count too: everything is said."""
        facets = [replace(each, sure_from=0.0) for each in self._facets]
        return self._read_as(facets, "outspoken")

    def raw(self) -> AttributeTagger:
        """The same network as it was trained: no temperature, and everything is said."""
        facets = [replace(each, temperature=1.0, sure_from=0.0) for each in self._facets]
        return self._read_as(facets, "raw")

    def _read_as(self, facets: Sequence[TaggedFacet], name: str) -> AttributeTagger:
        return AttributeTagger(
            self._network,
            facets,
            encoder=self._encoder,
            dims=self._dims,
            revision=f"{self._revision}-{name}",
        )

    @property
    def encoder(self) -> str:
        """Fingerprint of the encoder whose vectors it reads; no other's mean anything."""
        return self._encoder

    @property
    def revision(self) -> str:
        """See `engine.ports.AttributePredictor.revision`."""
        return self._revision

    @property
    def labels(self) -> Mapping[Facet, tuple[str, ...]]:
        """Canonical values of each facet that `predict` knows."""
        return {each.facet: each.labels for each in self._facets}

    def predict(self, vectors: Vectors) -> Mapping[Facet, NDArray[np.float32]]:
        """Probabilities of attribute values; see `engine.ports.AttributePredictor`.

        Raises:
            InvalidInput: The vectors are not of its encoder's length.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self._dims:
            raise InvalidInput(
                f"got vectors of shape {vectors.shape}, expected (N, {self._dims})",
                where="vectors",
            )
        held = vectors.astype(np.float32, copy=False)
        width = sum(each.outputs for each in self._facets)
        chunks = self._network.run(len(held), lambda start, end: {"vectors": held[start:end]})
        logits = np.concatenate([np.empty((0, width), np.float32), *chunks])
        found: dict[Facet, NDArray[np.float32]] = {}
        start = 0
        for each in self._facets:
            found[each.facet] = each.shares(logits[:, start : start + each.outputs])
            start += each.outputs
        return found


def load_tagger(folder: Path = WEIGHTS) -> AttributeTagger:
    """The tagger that ships with Lookalike, or one from another folder.

    Raises:
        ModelUnavailable: A file is missing or damaged.
    """
    try:
        config: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        facets = [
            TaggedFacet(
                facet=Facet(name),
                labels=tuple(each["labels"]),
                temperature=float(each["temperature"]),
                has_none=bool(each["has_none"]),
                sure_from=float(each["sure_from"]),
            )
            for name, each in config["facets"].items()
        ]
        return AttributeTagger(
            OnnxTower(folder / "tagger.onnx", chunk=_BATCH),
            facets,
            encoder=str(config["encoder"]),
            dims=int(config["dims"]),
            revision=str(config["revision"]),
        )
    except FileNotFoundError as error:
        raise ModelUnavailable(
            "the weights of the tagger are not there",
            where=str(error.filename or folder),
            hint=_HINT,
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable(f"cannot be read: {error!r}", where=str(folder)) from error


def predictor_for(encoder: DualEncoder, folder: Path = WEIGHTS) -> AttributePredictor | None:
    """What reads attributes from an encoder's vectors: its tagger, else itself where it can."""
    return tagger_for(encoder.encoder_id, folder) or own_predictor(encoder)


def outspoken(predictor: AttributePredictor) -> AttributePredictor:
    """One that does not keep to itself what it is not sure of."""
    return predictor.outspoken() if isinstance(predictor, AttributeTagger) else predictor


def own_predictor(encoder: DualEncoder) -> AttributePredictor | None:
    """The encoder itself, where it predicts attributes."""
    return cast("AttributePredictor", encoder) if hasattr(encoder, "predict") else None


def tagger_for(encoder: EncoderId, folder: Path = WEIGHTS) -> AttributeTagger | None:
    """The tagger that fits an encoder; ``None``, and a line in the log, where there is none.

    An encoder that predicts attributes itself does so then.
    """
    try:
        tagger = load_tagger(folder)
    except ModelUnavailable as error:
        _log.info("attributes come from the encoder alone: %s", error)
        return None
    if tagger.encoder != encoder.fingerprint:
        # Expected of an encoder that was chosen; of a newer one of the same name it is an omission.
        same_name = tagger.encoder.partition("@")[0] == encoder.name
        _log.log(
            logging.WARNING if same_name else logging.INFO,
            "attributes come from the encoder alone: the tagger was trained for %s, the encoder is "
            "%s; `lookalike train tagger` makes one for it",
            tagger.encoder,
            encoder.fingerprint,
        )
        return None
    return tagger
