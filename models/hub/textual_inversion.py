"""Textual inversion without training data: a picture becomes a word of an open_clip model.

The embedding of one pseudo-word is optimised until the text tower's vector of "a photo of *" lies
where the picture lies; "a photo of * that is red" is then the composed query (optimisation-based
textual inversion as in SEARLE-OTI, Baldrati et al. 2023, without its regularisation by a
language model). The towers stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput, ModelUnavailable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Inversion", "TextualInversion"]

PLACEHOLDER = "*"
_STAND_IN = "x"
"""One token in the tokenizers that open_clip comes with; its place is what counts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inversion:
    """A picture as a word.

    Attributes:
        token: (E,) float32 in the space of the text tower's token embeddings.
        losses: 1 - cosine at each step, the last one after the last step.
    """

    token: NDArray[np.float32]
    losses: tuple[float, ...]


class TextualInversion:
    """Turns picture vectors of an open_clip model into pseudo-words of its text tower.

    Args:
        model: CLIP or CustomTextCLIP with open_clip's own text transformer.
        tokenizer: The model's.
        device: Where the model lies.

    Raises:
        ModelUnavailable: The text tower has no table of token embeddings of open_clip's kind.
    """

    def __init__(
        self, model: Any, tokenizer: Callable[[list[str]], Tensor], *, device: str = "cpu"
    ) -> None:
        import torch

        self._torch = torch
        self._device = torch.device(device)
        self._model = model.to(self._device).eval()
        self._tokenizer = tokenizer
        text = getattr(model, "text", model)
        table = getattr(text, "token_embedding", None)
        if not isinstance(table, torch.nn.Embedding):
            raise ModelUnavailable(
                f"the text tower {type(text).__name__} keeps no token embeddings",
                hint="Textual inversion needs open_clip's own text transformer.",
            )
        self._table = table

    def invert(
        self,
        picture: NDArray[np.float32],
        *,
        prompt: str = "a photo of *",
        steps: int = 100,
        rate: float = 0.02,
    ) -> Inversion:
        """Find the word whose sentence lies where the picture does.

        Args:
            picture: (D,) unit picture vector of the same model.
            prompt: A sentence with one ``*``, where the word goes.
            steps: Of Adam.
            rate: Learning rate, in units of the table's mean row length over sqrt(E).

        Raises:
            InvalidInput: The prompt has not one ``*``, or the vector is of another length.
        """
        torch = self._torch
        tokens, place = self._tokens(prompt)
        goal = torch.from_numpy(np.ascontiguousarray(picture)).to(self._device)
        start = self._table.weight.detach()
        word = start[tokens[0, place]].clone().requires_grad_()
        unit = float(start.norm(dim=1).mean()) / start.shape[1] ** 0.5
        optimiser = torch.optim.Adam([word], lr=rate * unit)
        best, kept = float("inf"), word.detach().clone()
        losses: list[float] = []
        for step in range(steps + 1):
            vector = self._encode(tokens, place, word)
            if vector.shape != goal.shape:
                raise InvalidInput(
                    f"got a vector of {tuple(goal.shape)}, the model's are {tuple(vector.shape)}",
                    where="picture",
                )
            loss = 1 - vector @ goal
            losses.append(loss.item())
            if losses[-1] < best:
                best, kept = losses[-1], word.detach().clone()
            if step == steps:
                break
            # Gradients of the word alone: the model's own parameters gather none.
            (word.grad,) = torch.autograd.grad(loss, [word])
            optimiser.step()
        return Inversion(token=kept.float().cpu().numpy(), losses=tuple(losses))

    def compose(
        self, inversion: Inversion, change: str, *, prompt: str = "a photo of * that is {}"
    ) -> NDArray[np.float32]:
        """The vector of a sentence that holds the picture's word and a change.

        Args:
            inversion: Of the reference picture.
            change: Such as ``red``.
            prompt: A sentence with one ``*`` and one ``{}``.

        Returns:
            (D,) float32, unit length.

        Raises:
            InvalidInput: The sentence has not one ``*``.
        """
        tokens, place = self._tokens(prompt.format(change))
        word = self._torch.from_numpy(inversion.token).to(self._device)
        with self._torch.no_grad():
            return self._encode(tokens, place, word).float().cpu().numpy()

    def _tokens(self, sentence: str) -> tuple[Tensor, int]:
        """Token ids (1, T) of a sentence and the place of its word."""
        if sentence.count(PLACEHOLDER) != 1:
            raise InvalidInput(f"got {sentence!r}, expected one {PLACEHOLDER}", where="prompt")
        before = sentence.split(PLACEHOLDER)[0]
        with_word = self._tokenizer([sentence.replace(PLACEHOLDER, _STAND_IN)])
        other = self._tokenizer([before + "z"])
        # Both agree up to the word and differ there.
        differs = (with_word[0] != other[0]).nonzero().flatten()
        if len(differs) == 0:
            raise InvalidInput("the sentence is longer than the model's context", where="prompt")
        return with_word.to(self._device), int(differs[0])

    def _encode(self, tokens: Tensor, place: int, word: Tensor) -> Tensor:
        with self._word_at(place, word):
            vector = self._model.encode_text(tokens)[0].float()
        return self._torch.nn.functional.normalize(vector, dim=-1)

    @contextmanager
    def _word_at(self, place: int, word: torch.Tensor) -> Generator[None]:
        """Put the pseudo-word into what the table of embeddings gives."""

        def swap(_: Any, __: Any, embedded: Tensor) -> Tensor:
            mask = self._torch.zeros(embedded.shape[1], 1, device=embedded.device)
            mask[place] = 1
            return embedded * (1 - mask) + word.to(embedded.dtype) * mask

        hook = self._table.register_forward_hook(swap)
        try:
            yield
        finally:
            hook.remove()
