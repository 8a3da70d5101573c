"""Fine classes by definitions: the combination, its bounds, and classes added by text alone."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.body import BODY_PARTS
from detectors.calibrations import Calibration, read_calibrations, write_calibrations
from detectors.knowledge import Clause, Definition, default_knowledge, read_knowledge
from detectors.relations import RELATIONS, WEIGHTS, Scene, see
from detectors.reldetect import (
    definition_scores,
    fine_scores,
    load_reldetect,
    partners_that_count,
)
from detectors.taxonomy import default_taxonomy
from engine.detections import Detection
from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import FineNamer
from tests.contracts.namer_contract import Coarse, NamerContract

CLASSES = default_taxonomy().classes
NAMES = list(RELATIONS)


def apart(count: int, rng: np.random.Generator) -> Scene:
    """Boxes that do not overlap, so that each may be a partner of every other."""
    left = 10.0 + 60 * np.arange(count)
    boxes = np.stack(
        [left, rng.uniform(10, 100, count), left + 40, rng.uniform(150, 290, count)], 1
    ).astype(np.float64)
    posteriors = rng.uniform(0.06, 1, (count, len(CLASSES)))
    return see(boxes, posteriors, CLASSES, width_px=400, height_px=300)


def some_partner(chances: list[tuple[float, float]]) -> float:
    """By enumeration: each partner is of the class or not, stands in the relation or not."""
    total = 0.0
    for world in product((True, False), repeat=2 * len(chances)):
        weight = 1.0
        for (is_one, stands), (first, second) in zip(
            chances, zip(world[::2], world[1::2], strict=True), strict=True
        ):
            weight *= is_one if first else 1 - is_one
            weight *= stands if second else 1 - stands
        held = any(first and second for first, second in zip(world[::2], world[1::2], strict=True))
        total += weight * held
    return total


@pytest.mark.parametrize("seed", range(4))
def test_clauses_are_what_enumeration_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = apart(4, rng)
    relations = rng.random((4, 4 + len(BODY_PARTS), len(RELATIONS)))
    clauses = (
        Clause(relation="covers", partners=("footwear",)),
        Clause(relation="touches", partners=("top",), positive=False),
        Clause(relation="inside", partners=("head",)),
    )
    definition = Definition(name="x", coarse="bag", clauses=clauses)
    found = definition_scores(scene, relations, [definition], CLASSES)[:, 0]
    for box in range(4):
        wanted = 1.0
        for clause in clauses[:2]:
            kind, relation = CLASSES.index(clause.partners[0]), NAMES.index(clause.relation)
            held = some_partner(
                [
                    (float(scene.posteriors[j, kind]), float(relations[box, j, relation]))
                    for j in range(4)
                    if j != box
                ]
            )
            wanted *= held if clause.positive else 1 - held
        head = 4 + list(BODY_PARTS).index("head")
        wanted *= relations[box, head, NAMES.index("inside")]
        assert found[box] == pytest.approx(wanted)


def test_any_of_several_partners_will_do() -> None:
    scene = apart(2, np.random.default_rng(0))
    scene.kinds[:2] = 0
    scene.kinds[1, CLASSES.index("top")], scene.kinds[1, CLASSES.index("dress")] = 0.3, 0.4
    relations = np.zeros((2, 2 + len(BODY_PARTS), len(RELATIONS)))
    relations[0, 1, NAMES.index("touches")] = 0.5
    clause = Clause(relation="touches", partners=("top", "dress"))
    found = definition_scores(
        scene, relations, [Definition(name="x", coarse="bag", clauses=(clause,))], CLASSES
    )
    assert found[:, 0] == pytest.approx([0.35, 0.0])


def test_a_thing_seen_twice_speaks_once_and_not_for_itself() -> None:
    boxes = np.array([[0.0, 0, 100, 100], [2, 0, 100, 100], [150, 0, 250, 100]])
    posteriors = np.full((3, len(CLASSES)), 0.01)
    posteriors[0, 0], posteriors[1, 1], posteriors[2, 2] = 0.9, 0.6, 0.8
    counts = partners_that_count(see(boxes, posteriors, CLASSES, width_px=300, height_px=100))
    assert counts[:, :3].tolist() == [
        [False, False, True],
        [False, False, True],
        [True, False, False],
    ]
    assert counts[:, 3:].all()


def test_boxes_that_are_nothing_do_not_speak() -> None:
    scene = apart(2, np.random.default_rng(1))
    scene.posteriors[1] = 0.04
    assert partners_that_count(scene)[0, :2].tolist() == [False, False]


probability = st.floats(0, 1, allow_nan=False)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_fine_classes_never_outweigh_the_coarse_one(data: st.DataObject) -> None:
    definitions = default_knowledge()
    count = data.draw(st.integers(1, 3))
    scores = np.array(
        data.draw(st.lists(st.lists(probability, min_size=len(definitions),
                                    max_size=len(definitions)), min_size=count, max_size=count))
    )  # fmt: skip
    posteriors = np.array(
        data.draw(st.lists(st.lists(probability, min_size=len(CLASSES), max_size=len(CLASSES)),
                           min_size=count, max_size=count))
    )  # fmt: skip
    fitted = {
        each.name: Calibration(slope=data.draw(st.floats(-9, 9)), shift=data.draw(st.floats(-9, 9)))
        for each in definitions[::3]
    }
    fine = fine_scores(scores, posteriors, definitions, CLASSES, fitted)
    assert (fine >= 0).all()
    for coarse in {each.coarse for each in definitions}:
        columns = [k for k, each in enumerate(definitions) if each.coarse == coarse]
        assert (fine[:, columns].sum(axis=1) <= posteriors[:, CLASSES.index(coarse)] + 1e-9).all()


def test_what_fits_no_definition_is_left_over() -> None:
    only = [Definition(name="x", coarse="bag", clauses=())]
    posterior = np.zeros((1, len(CLASSES)))
    posterior[0, CLASSES.index("bag")] = 0.8
    fits = fine_scores(np.ones((1, 1)), posterior, only, CLASSES, {})[0, 0]
    fits_not = fine_scores(np.zeros((1, 1)), posterior, only, CLASSES, {})[0, 0]
    assert fits == pytest.approx(0.8, abs=1e-3)
    assert fits_not == pytest.approx(0.0, abs=1e-3)


def test_equal_definitions_share() -> None:
    pair = [Definition(name=name, coarse="bag", clauses=()) for name in ("x", "y")]
    posterior = np.zeros((1, len(CLASSES)))
    posterior[0, CLASSES.index("bag")] = 0.8
    fine = fine_scores(np.ones((1, 2)), posterior, pair, CLASSES, {})
    assert fine[0] == pytest.approx([0.4, 0.4], abs=1e-3)


class TestShipped(NamerContract):
    @pytest.fixture
    def namer(self) -> FineNamer:
        return load_reldetect(CLASSES)

    @pytest.fixture
    def coarse(self) -> Coarse:
        held = {each.name: CLASSES.index(each.coarse) for each in default_knowledge()}
        return held, len(CLASSES)


def test_a_fine_class_is_added_by_text_alone(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.yaml"
    path.write_text(
        "knee socks:\n  of: legwear\n  when: [covers calf, not covers thigh]\n"
        "ankle socks:\n  of: legwear\n  when: [not covers calf]\n",
        encoding="utf-8",
    )
    namer = load_reldetect(CLASSES, knowledge=path)
    assert namer.classes == {"knee socks": "legwear", "ankle socks": "legwear"}
    corners = np.eye(len(CLASSES), dtype=np.float32)

    def names(upper_px: float) -> Mapping[str, float]:
        things = [
            ("top", (80.0, 90.0, 170.0, 250.0)), ("bottom", (85.0, 240.0, 165.0, 330.0)),
            ("legwear", (95.0, upper_px, 122.0, 565.0)),
            ("footwear", (90.0, 555.0, 122.0, 590.0)),
        ]  # fmt: skip
        found = [
            Detection(box_xyxy_px=box, posterior=0.9 * corners[CLASSES.index(name)])
            for name, box in things
        ]
        return namer.name(found, width_px=250, height_px=600)[2]

    long, short = names(430.0), names(535.0)
    assert long["knee socks"] > 0.6 > 0.3 > long["ankle socks"]
    assert short["ankle socks"] > 0.6 > 0.3 > short["knee socks"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: {of: shoe, when: []}", "'shoe' is not known"),
        ("x: {of: bag, when: [hugs top]}", "'hugs'"),
        ("x: {of: bag, when: [not touches top or sky]}", "'sky'"),
        ("x: {of: bag}", "expected the keys"),
        ("x: {of: bag, when: touches top}", "expected a list"),
        ("[]", "expected fine classes"),
        ("{", "not YAML"),
    ],
)
def test_a_definition_that_means_nothing_is_refused(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "knowledge.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=message) as raised:
        read_knowledge(path, CLASSES)
    assert str(path) in str(raised.value.where)
    assert raised.value.hint


def test_other_definitions_are_another_revision(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.yaml"
    path.write_text("x: {of: bag, when: []}", encoding="utf-8")
    shipped, own = load_reldetect(CLASSES), load_reldetect(CLASSES, knowledge=path)
    assert shipped.revision == load_reldetect(CLASSES).revision != own.revision
    path.write_text("x: {of: bag, when: [touches top]}", encoding="utf-8")
    assert load_reldetect(CLASSES, knowledge=path).revision != own.revision


def test_definitions_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file") as raised:
        load_reldetect(CLASSES, knowledge=tmp_path / "mine.yaml")
    assert "mine.yaml" in str(raised.value.where)
    assert raised.value.hint


@pytest.mark.parametrize("text", ["not touches top or dress", "covers calf"])
def test_clauses_are_read_as_they_are_said(text: str, tmp_path: Path) -> None:
    path = tmp_path / "knowledge.yaml"
    path.write_text(f"x: {{of: bag, when: [{text}]}}", encoding="utf-8")
    (clause,) = read_knowledge(path, CLASSES)[0].clauses
    assert clause.positive != text.startswith("not")
    assert clause.partners == (("calf",) if clause.positive else ("top", "dress"))
    assert clause.text == text


def test_shipped_definitions_are_of_labels_under_their_coarse_class() -> None:
    taxonomy = default_taxonomy()
    for each in default_knowledge():
        place = taxonomy.place("ccp", each.name)
        assert place is not None, each.name
        assert taxonomy.classes[place] == each.coarse


def test_missing_or_damaged_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="not there"):
        load_reldetect(CLASSES, folder=tmp_path)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        load_reldetect(CLASSES, folder=tmp_path)


def test_weights_for_a_detector_of_other_classes_are_refused() -> None:
    with pytest.raises(ModelUnavailable, match="detector of the classes top, outerwear"):
        load_reldetect(CLASSES[::-1])


def defined(name: str, coarse: str, *clauses: Clause) -> Definition:
    return Definition(name=name, coarse=coarse, clauses=clauses)


LONG = Clause(relation="covers", partners=("ankle", "calf"))
SHORT = Clause(relation="covers", partners=("ankle",), positive=False)
FITTED = (defined("boots", "footwear", LONG), defined("shoes", "footwear"), defined("bag", "bag"))


@pytest.mark.parametrize(
    ("used", "kept"),
    [
        (FITTED, {"boots", "shoes", "bag"}),
        (FITTED[::-1], {"boots", "shoes", "bag"}),
        ((*FITTED, defined("sandals", "footwear")), {"bag"}),
        (FITTED[:1], set()),
        ((defined("boots", "footwear", SHORT), *FITTED[1:]), {"bag"}),
        ((defined("belt", "belt"),), set()),
    ],
)
def test_calibrations_count_where_all_siblings_are_as_they_were(
    used: tuple[Definition, ...], kept: set[str], tmp_path: Path
) -> None:
    fitted = {
        each.name: Calibration(slope=0.5, shift=float(number)) for number, each in enumerate(FITTED)
    }
    write_calibrations(fitted, FITTED, tmp_path)
    found = read_calibrations(tmp_path, used)
    assert found == {name: fitted[name] for name in kept}


def test_shipped_calibrations_are_those_of_the_shipped_definitions() -> None:
    found = read_calibrations(WEIGHTS, default_knowledge())
    told = {each.coarse for each in default_knowledge() if each.clauses}
    assert set(found) == {each.name for each in default_knowledge() if each.coarse in told}


def test_damaged_calibrations_are_told(tmp_path: Path) -> None:
    assert read_calibrations(tmp_path, FITTED) == {}
    for text in ("{", "[]", '{"boots": 1}', '{"boots": {"of": "footwear", "when": []}}'):
        (tmp_path / "calibration.json").write_text(text, encoding="utf-8")
        with pytest.raises(ModelUnavailable, match="cannot be read"):
            read_calibrations(tmp_path, FITTED)
