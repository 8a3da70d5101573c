"""Why a hit is there, in words that hold."""

from __future__ import annotations

import pytest

from engine.composition import Wish
from engine.filters import Payload
from engine.ids import PointId
from engine.payload import PREDICTED
from engine.ranking.fusion import Candidate
from engine.ranking.reasons import LOOKS_ALIKE_FROM, explainer
from engine.types import Facet, Reason

BACKPACK = Wish(facet=Facet.TYPE, credits={"backpack": 1.0, "rucksack": 0.6}, weight=1.0)


def candidate(payload: Payload, **parts: float) -> Candidate:
    return Candidate(point_id=PointId("p"), payload=payload, score=1.0, parts=parts)


def test_a_near_picture_of_another_kind_does_not_look_alike() -> None:
    explain = explainer([BACKPACK])
    assert explain(candidate({"type": "backpack"}, picture=0.9)) == (
        Reason(text="also backpack"),
        Reason(text="looks alike"),
    )
    assert explain(candidate({"type": "sandals"}, picture=1.0)) == ()
    assert explain(candidate({"type": "rucksack"}, picture=1.0)) == (Reason(text="looks alike"),)


@pytest.mark.parametrize("share", [0.0, LOOKS_ALIKE_FROM - 0.01])
def test_a_far_picture_does_not_look_alike(share: float) -> None:
    assert explainer([])(candidate({"type": "backpack"}, picture=share)) == ()


def test_one_explainer_tells_predicted_from_said_and_a_kind_from_another() -> None:
    explain = explainer([BACKPACK])
    predicted: Payload = {"type": ["backpack"], PREDICTED: ["type"]}
    for payload, reasons in (
        ({"type": "backpack"}, (Reason(text="also backpack"),)),
        (predicted, (Reason(text="also backpack", predicted=True),)),
        ({"type": "sandals"}, ()),
        ({"type": "backpack"}, (Reason(text="also backpack"),)),
    ):
        assert explain(candidate(payload)) == reasons
