"""One mode of the study: arms drawn and looked at, seed by seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from models.training.studies.turbo_draw import Drawer, kept, key_of
from models.training.studies.turbo_looks import Look, Looker
from models.training.studies.turbo_material import TurboMaterial, rows_of
from models.training.studies.turbo_prompts import Prompts
from models.training.studies.turbo_settings import RECIPE, Arm

__all__ = ["ModeRunner", "best_of"]


class ModeRunner:
    """Draws and looks at the same prompts in every arm.

    Args:
        material: Of the real pictures.
        drawer: Draws.
        looker: Looks.
        prompts: B.
        seeds: Of the noise; dear arms have the first alone.
    """

    def __init__(
        self,
        material: TurboMaterial,
        drawer: Drawer,
        looker: Looker,
        prompts: Prompts,
        *,
        seeds: int,
    ):
        self._material, self._drawer, self._looker = material, drawer, looker
        self._prompts, self._seeds = prompts, seeds

    def looks(self, arm: Arm) -> list[Look]:
        """A look a noise seed."""
        found: list[Look] = []
        for seed in range(1 if arm.dear else self._seeds):
            key = key_of(
                RECIPE, arm, self._drawer.origin(arm), self._drawer.teacher_steps, seed,
                self._looker.key, self._prompts,
            )  # fmt: skip
            found.append(self._looker.kept_look(key, self._maker(arm, seed), self._prompts))
        return found

    def frames(self, arm: Arm, seed: int) -> NDArray[np.uint8]:
        """Pictures of an arm, uint8 (B, 96, 72, 3)."""
        if arm.draws == "picture":
            return self._material.catalogue.frames.pixels[rows_of(self._prompts)]
        if len(arm.blend) == 1:
            return self._of(arm, arm.blend[0], seed)
        key = key_of(RECIPE, arm, self._drawer.origin(arm), self._looker.key, self._prompts, seed)
        return kept(
            self._looker.work / f"oracle-{key}.npy",
            lambda: best_of(
                (self._of(arm, blend, seed) for blend in arm.blend),
                lambda made: self._looker.right(made, self._prompts),
            ),
        )

    def _of(self, arm: Arm, blend: float, seed: int) -> NDArray[np.uint8]:
        return self._drawer.frames(self._drawer.latents(arm, blend, self._prompts, seed))

    def _maker(self, arm: Arm, seed: int) -> Callable[[], NDArray[np.uint8]]:
        return lambda: self.frames(arm, seed)


Judged = tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]


def best_of(
    choices: Iterable[NDArray[np.uint8]], judged: Callable[[NDArray[np.uint8]], Judged]
) -> NDArray[np.uint8]:
    """Of each prompt the picture with most attributes right, of equal ones the surest.

    Args:
        choices: Some, uint8 (B, 96, 72, 3) each.
        judged: What is right in them, with ``attributes`` among it, and how sure the judge is.
    """
    best: NDArray[np.uint8] | None = None
    score = np.zeros(0)
    for made in choices:
        right, sure = judged(made)
        # Logarithms of shares are bounded by 14, and a step of `attributes` is a seventh at least.
        found = right["attributes"] + sure / 1000
        if best is None:
            best, score = made.copy(), found
        else:
            better = found > score
            best[better], score[better] = made[better], found[better]
    if best is None:
        raise ValueError("no choices")
    return best
