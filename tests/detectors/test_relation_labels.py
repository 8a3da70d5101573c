"""Relations on masks made by hand."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2", reason="needs the extra [models]")

from detectors.body import BODY_PARTS
from detectors.relations import RELATIONS
from detectors.training.relation_labels import Part, relation_labels

pytestmark = pytest.mark.models
HIGH, WIDE = 200, 120
PARTS = list(BODY_PARTS)


class Person:
    """A figure of 200 rows: skin everywhere between columns 40 and 80, and things on it."""

    def __init__(self) -> None:
        self.skin = np.zeros((HIGH, WIDE), bool)
        self.skin[:, 40:80] = True
        self.parts: list[Part] = []
        self.names: list[str] = []

    def wear(self, name: str, y0: int, y1: int, x0: int, x1: int, *, kind: int = -1) -> None:
        mask = np.zeros((HIGH, WIDE), bool)
        mask[y0:y1, x0:x1] = True
        for place, part in enumerate(self.parts):
            self.parts[place] = Part(mask=part.mask & ~mask, kind=part.kind)
        self.skin &= ~mask
        self.parts.append(Part(mask=mask, kind=len(self.parts) + 100 if kind < 0 else kind))
        self.names.append(name)

    def holds(self) -> set[tuple[str, str, str]]:
        person = self.skin | np.logical_or.reduce([part.mask for part in self.parts])
        found = relation_labels(self.parts, person=person, skin=self.skin)
        partners = [*self.names, *PARTS]
        return {
            (self.names[i], list(RELATIONS)[k], partners[j])
            for i, j, k in zip(*np.nonzero(found), strict=True)
        }


def test_shorts_end_above_bare_knees() -> None:
    person = Person()
    person.wear("shorts", 80, 112, 38, 82)
    person.wear("shoe", 185, 200, 40, 58, kind=1)
    person.wear("other shoe", 185, 200, 62, 80, kind=1)
    held = person.holds()
    assert ("shorts", "above", "shoe") in held
    assert ("shorts", "ends-above", "shoe") in held
    assert ("shorts", "bare-between", "shoe") in held
    assert ("shoe", "bare-between", "shorts") in held
    assert ("shorts", "covers", "knee") not in held
    assert ("shorts", "covers", "hips") in held
    assert ("shorts", "reaches", "shoe") not in held
    assert ("shoe", "left-and-right-pair", "other shoe") in held
    assert ("other shoe", "left-and-right-pair", "shoe") in held
    assert ("shoe", "left-and-right-pair", "shorts") not in held
    assert ("shoe", "far-smaller-than", "shorts") not in held
    assert ("shorts", "wider-than", "shoe") in held
    assert ("shoe", "wider-than", "shorts") not in held
    assert ("shoe", "inside", "foot") in held


def test_trousers_reach_the_shoes() -> None:
    person = Person()
    person.wear("trousers", 80, 184, 38, 82)
    person.wear("boot", 160, 200, 42, 58)
    held = person.holds()
    assert ("trousers", "reaches", "boot") in held
    assert ("trousers", "bare-between", "boot") not in held
    assert ("trousers", "covers", "calf") in held
    assert ("trousers", "touches", "boot") in held
    assert ("boot", "covers", "ankle") in held
    assert ("boot", "starts-below", "trousers") in held


def test_an_open_coat_of_two_halves_is_worn_over_the_blouse() -> None:
    person = Person()
    person.wear("blouse", 35, 80, 45, 75)
    person.wear("left half", 34, 140, 30, 52, kind=1)
    person.wear("right half", 34, 140, 68, 90, kind=1)
    held = person.holds()
    for half in ("left half", "right half"):
        assert (half, "worn-over", "blouse") in held
        assert (half, "covers", "blouse") in held
        assert (half, "covers", "thigh") in held
    assert ("blouse", "inside", "left half") in held
    assert ("blouse", "worn-over", "left half") not in held
    assert ("left half", "worn-over", "right half") not in held


def test_a_tie_is_inside_and_nothing_is_worn_over_it() -> None:
    person = Person()
    person.wear("shirt", 35, 90, 30, 90)
    person.wear("tie", 36, 88, 57, 63)
    held = person.holds()
    assert ("tie", "inside", "shirt") in held
    assert ("shirt", "worn-over", "tie") not in held
    assert ("tie", "far-smaller-than", "shirt") in held


@pytest.mark.parametrize("bare", [True, False])
def test_bare_arms_show_beside_the_top(bare: bool) -> None:
    person = Person()
    person.wear("top", 34, 90, 45, 75)
    if bare:
        person.skin[34:90, 36:44] = True
    else:
        person.skin[34:90, :45] = person.skin[34:90, 75:] = False
    assert (("top", "bare-beside", "torso") in person.holds()) is bare


@pytest.mark.parametrize(("y0", "held"), [(96, True), (20, False)])
def test_a_hand_is_skin_below_the_face(y0: int, held: bool) -> None:
    person = Person()
    person.skin[:, 80:] = False
    person.wear("bag", 80, 120, 90, 115)
    if held:
        person.skin[y0 : y0 + 8, 96:104] = True
        person.parts[0] = Part(mask=person.parts[0].mask & ~person.skin, kind=100)
    assert (("bag", "held-by", "person") in person.holds()) is held


def test_nothing_is_said_of_a_part_and_itself() -> None:
    person = Person()
    person.wear("coat", 30, 150, 30, 90)
    person.wear("hat", 0, 12, 44, 76)
    person_mask = person.skin | person.parts[0].mask | person.parts[1].mask
    found = relation_labels(person.parts, person=person_mask, skin=person.skin)
    assert found.shape == (2, 2 + len(PARTS), len(RELATIONS))
    assert not found[[0, 1], [0, 1]].any()
