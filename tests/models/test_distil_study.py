"""The distillation study: its split, its views, its students, its figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("timm", reason="needs the extra [models]")

from engine.errors import InvalidInput  # noqa: E402
from models.training.distil import batch_hard_triplet  # noqa: E402
from models.training.network import ImageTower, TowerConfig  # noqa: E402
from models.training.pairs import ATTRIBUTES, Pairs  # noqa: E402
from models.training.studies.distil import plan_runs, run_distil_study  # noqa: E402
from models.training.studies.distil_data import (  # noqa: E402
    ClassBatches,
    StudyRows,
    choose_rows,
)
from models.training.studies.distil_figures import (  # noqa: E402
    cost_figures,
    gain_figure,
    recall_figures,
    seed_interval,
)
from models.training.studies.distil_metric import metric_loss  # noqa: E402
from models.training.studies.distil_networks import (  # noqa: E402
    FRAME_HW,
    MIDDLE_CHANNELS,
    TEACHER_CHANNELS,
    StudentNet,
    TeacherFront,
    TeacherTail,
    count_multiply_adds,
    count_parameters,
)
from models.training.studies.distil_settings import (  # noqa: E402
    StudentRun,
    StudySizes,
    run_key,
)
from models.training.studies.distil_students import (  # noqa: E402
    Found,
    Material,
    recall_at,
    run_student,
    train_student,
)
from models.training.studies.distil_teacher import ViewTable, degrade, fill_views  # noqa: E402

pytestmark = pytest.mark.models

DATA = Path(__file__).parents[3] / "shared" / "data"
LAMBDAS = {"absolute": 2.0, "relative": 10.0, "hint": 0.3, "attention": 1.0}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _catalogue(types: int = 16, colours: int = 2, pictures: int = 9) -> Pairs:
    """Types of falling size; titles stand twice in a class, and once more in another colour."""
    labels, titles = [], []
    blank = ("",) * (len(ATTRIBUTES) - 2)
    for kind in range(types):
        for colour in range(colours):
            for picture in range(pictures + types - kind):
                for _ in range(2 if picture == 0 else 1):
                    labels.append((f"Type {kind:02}", f"Colour {colour}", *blank))
                    titles.append(f"title {kind} {picture}")
    labels.append(("Free Gifts", "Colour 0", *blank))
    titles.append("a gift")
    count = len(titles)
    return Pairs(
        name="made-up",
        ids=[f"p{row}" for row in range(count)],
        titles=titles,
        labels=labels,
        splits=["train"] * count,
        pictures=[b""] * count,
        sharper={},
    )


def _chosen(pairs: Pairs, **changes: int) -> StudyRows:
    values = {"least": 5, "fit_most": 8, "test_most": 6, "unlabelled_most": 50} | changes
    return choose_rows(pairs, **values)


def test_no_type_is_in_two_parts_and_classes_are_type_and_colour() -> None:
    pairs = _catalogue()
    rows = _chosen(pairs)
    parts = (rows.fit, rows.val, rows.test)
    types = [set(part.types) for part in parts]
    assert all(types)
    assert sum(map(len, types)) == len(set.union(*types)) == 16
    for part, most in zip(parts, (8, 6, 6), strict=True):
        names = {}
        for row, label in zip(part.rows, part.labels, strict=True):
            assert pairs.labels[row][0] in part.types
            names.setdefault(int(label), set()).add(pairs.labels[row][:2])
        assert sorted(names) == list(range(part.classes))
        assert all(len(each) == 1 for each in names.values())
        assert np.bincount(part.labels).max() == most
        # One picture of each title in a class.
        titles = [
            (label, pairs.titles[row]) for row, label in zip(part.rows, part.labels, strict=True)
        ]
        assert len(titles) == len(set(titles))


def test_halves_are_of_like_size() -> None:
    rows = _chosen(_catalogue(), fit_most=1000, test_most=1000)
    train = len(rows.fit.rows) + len(rows.val.rows)
    assert 0.9 < train / len(rows.test.rows) < 1.1


def test_unlabelled_pictures_are_of_the_test_types_and_share_no_title_with_the_test() -> None:
    pairs = _catalogue()
    rows = _chosen(pairs)
    assert len(rows.unlabelled)
    assert not set(rows.unlabelled) & set(rows.test.rows)
    titles = {pairs.titles[row] for row in rows.test.rows}
    for row in rows.unlabelled:
        assert pairs.labels[row][0] in rows.test.types
        assert pairs.titles[row] not in titles


def test_split_repeats_and_its_key_follows_the_products() -> None:
    one, other = _chosen(_catalogue()), _chosen(_catalogue())
    assert one.key == other.key
    assert (one.test.rows == other.test.rows).all()
    assert _chosen(_catalogue(), test_most=5).key != one.key


def test_too_few_types_are_refused() -> None:
    with pytest.raises(InvalidInput, match="3 types have a colour with 5 pictures"):
        _chosen(_catalogue(types=3))


def test_batches_hold_as_many_pictures_of_each_class_and_repeat() -> None:
    labels = np.repeat(np.arange(5), [3, 8, 8, 8, 8])
    batches = ClassBatches(labels, classes=4, pictures=6, views=3, seed=1)
    seen = set()
    for step in range(20):
        places, views = batches.draw(step)
        drawn, counts = np.unique(labels[places], return_counts=True)
        assert (len(drawn), set(counts)) == (4, {6})
        for label in drawn:
            own = places[labels[places] == label]
            assert len(set(own)) == (6 if label else len(set(own)))  # class 0 has only three
        seen |= set(views)
        assert (batches.draw(step)[0] == places).all()
    assert seen == {0, 1, 2}


@given(
    seed=st.integers(0, 10_000),
    labels=st.lists(st.integers(0, 3), min_size=2, max_size=25),
)
@settings(max_examples=40, deadline=None)
def test_recall_equals_a_plain_loop(seed: int, labels: list[int]) -> None:
    vectors = np.random.default_rng(seed).normal(size=(len(labels), 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hits = [0, 0, 0]
    for query, label in enumerate(labels):
        others = [row for row in range(len(labels)) if row != query]
        others.sort(key=lambda row: -float(vectors[query] @ vectors[row]))
        for place, k in enumerate((1, 4, 8)):
            hits[place] += any(labels[row] == label for row in others[:k])
    got = recall_at(vectors, np.array(labels))
    assert got == pytest.approx([each / len(labels) for each in hits])
    assert got[0] <= got[1] <= got[2]


def test_recall_of_a_collapsed_network_is_near_chance() -> None:
    labels = np.repeat(np.arange(50), 10)
    vectors = np.zeros((500, 8), np.float32)
    vectors[:, 0] = 1
    assert recall_at(vectors, labels)[0] < 0.1


def test_degraded_pictures_keep_their_size_and_lose_their_detail() -> None:
    rng = np.random.default_rng(0)
    noise = torch.from_numpy(rng.integers(0, 256, (2, *FRAME_HW, 3), dtype=np.uint8))
    worse = degrade(noise)
    assert (worse.shape, worse.dtype) == (noise.shape, torch.uint8)
    assert worse.float().std() < 0.6 * noise.float().std()
    flat = torch.full((1, *FRAME_HW, 3), 137, dtype=torch.uint8)
    assert (degrade(flat) == 137).all()


def test_front_and_tail_make_the_whole_teacher() -> None:
    torch.manual_seed(0)
    tower = ImageTower(TowerConfig(dims=16)).eval()
    pictures = torch.randint(0, 256, (2, 128, 96, 3), dtype=torch.uint8)
    with torch.no_grad():
        middle, frames = TeacherFront(tower)(pictures)
        vectors = TeacherTail(tower)(middle, frames)
        whole = tower(pictures)
    assert middle.shape == (2, TEACHER_CHANNELS, 8, 6)
    assert frames.shape == (2, *FRAME_HW, 3)
    np.testing.assert_allclose(vectors, whole, atol=1e-5)


def test_odd_views_are_mirrored(tmp_path: Path) -> None:
    import io

    from PIL import Image

    half = np.full((80, 60, 3), 255, np.uint8)
    half[:, :30] = (20, 40, 160)
    buffer = io.BytesIO()
    Image.fromarray(half).save(buffer, "PNG")
    pairs = replace(_catalogue(), pictures=[buffer.getvalue()] * len(_catalogue().ids))

    def front(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        frames = pictures[:, ::2, ::2].astype(np.float32)
        return frames.transpose(0, 3, 1, 2), frames

    views = fill_views(tmp_path, "some", pairs, np.array([0, 1]), front, views=3)
    left = [float(each.thumbnails[0, 32, :16].mean()) for each in views]
    right = [float(each.thumbnails[0, 32, -16:].mean()) for each in views]
    assert [one < other for one, other in zip(left, right, strict=True)] == [True, False, True]


def test_student_is_small_and_its_map_fits_the_teachers() -> None:
    student = StudentNet(128).eval()
    assert 50_000 <= count_parameters(student) <= 150_000
    vectors, middle = student(torch.zeros(2, *FRAME_HW, 3, dtype=torch.uint8))
    assert middle.shape == (2, MIDDLE_CHANNELS, 8, 6)
    assert vectors.norm(dim=1).tolist() == pytest.approx([1, 1], abs=1e-5)


def test_multiply_adds_equal_a_count_by_hand() -> None:
    places = [(32 * 24, 3 * 9 * 24)]  # stem
    for size, inputs, outputs in (
        (16 * 12, 24, 48),
        (8 * 6, 48, 96),
        (8 * 6, 96, 96),
        (4 * 3, 96, 192),
        (4 * 3, 192, 192),
    ):
        places += [(size, 9 * inputs), (size, inputs * outputs)]
    expected = sum(size * adds for size, adds in places) + 192 * 128
    assert count_multiply_adds(StudentNet(128), *FRAME_HW) == expected


def _material(seed: int = 0, pictures: int = 48, classes: int = 6) -> Material:
    """Coloured frames whose targets are a class's own direction with some noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(pictures) % classes
    colours = rng.integers(0, 256, (classes, 3))
    frames = colours[labels][None, :, None, None] + rng.integers(-9, 9, (2, pictures, 64, 48, 3))
    targets = np.eye(16)[labels] + rng.normal(scale=0.05, size=(2, pictures, 16))
    targets /= np.linalg.norm(targets, axis=-1, keepdims=True)
    table = ViewTable(
        frames=frames.clip(0, 255).astype(np.uint8),
        middle=[
            rng.random((pictures, TEACHER_CHANNELS, 8, 6)).astype(np.float16) for _ in range(2)
        ],
        targets=targets.astype(np.float32),
    )
    return Material(
        fit=table,
        fit_labels=labels,
        unlabelled=table,
        parts={"val": (table, labels), "test": (table, labels)},
        key="made-up",
    )


def _run(arm: str = "no-teacher", **changes: object) -> StudentRun:
    return replace(StudentRun(arm=arm, seed=0, steps=3, classes=4, pictures=2), **changes)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "run",
    plan_runs(StudySizes(unlabelled_a_batch=8), LAMBDAS, seeds=1),
    ids=lambda run: f"{run.condition}-{run.arm}",
)
def test_every_arm_learns(run: StudentRun) -> None:
    _, losses = train_student(replace(run, steps=24, classes=4, pictures=2), _material())
    assert np.isfinite(losses).all()
    assert np.mean(losses[-4:]) < np.mean(losses[:4])


def test_metric_loss_is_the_papers_or_the_contrastive_one() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(6, 4), dim=1)
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    run = _run(metric="triplet", margin=0.1)
    assert float(metric_loss(run, vectors, labels)) == float(
        batch_hard_triplet(vectors, labels, margin=0.1)
    )
    losses = []
    for row in range(6):
        scores = [float(vectors[row] @ vectors[other]) / 0.1 for other in range(6)]
        total = sum(np.exp(score) for other, score in enumerate(scores) if other != row)
        losses.append(-np.log(np.exp(scores[row ^ 1]) / total))
    got = float(metric_loss(_run(), vectors, labels))
    assert got == pytest.approx(float(np.mean(losses)), rel=1e-4)


def test_same_seed_same_student_another_seed_another() -> None:
    material = _material()
    losses = [train_student(_run(seed=seed), material)[1] for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_finished_run_is_read_and_not_repeated(tmp_path: Path) -> None:
    material = _material()
    first = run_student(_run(), material, tmp_path)
    (file,) = tmp_path.glob("*.json")
    assert run_student(_run(), material, tmp_path) == first
    file.write_text(file.read_text().replace(str(first.seconds), "123.0"), encoding="utf-8")
    assert run_student(_run(), material, tmp_path).seconds == 123.0
    run_student(_run(rate=1e-3), material, tmp_path)
    run_student(_run(), replace(material, key="other"), tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 3


def test_key_follows_every_setting() -> None:
    base = _run()
    changes = [
        {"seed": 1},
        {"steps": 4},
        {"relative": 1.0},
        {"degraded": True},
        {"part": "val"},
        {"unlabelled": 4},
        {"metric": "triplet"},
    ]
    keys = {run_key("m", replace(base, **each)) for each in changes} | {run_key("m", base)}
    assert len(keys) == len(changes) + 1


def test_plan_changes_one_thing_an_arm() -> None:
    plan = plan_runs(StudySizes(), LAMBDAS, seeds=2)
    assert [each.seed for each in plan] == [0] * 12 + [1] * 12
    of = {(each.arm, each.degraded): each for each in plan[:10]}
    assert [(each.arm, each.condition) for each in plan[10:12]] == [
        ("no-teacher", "class-disjoint/triplet"),
        ("absolute+relative", "class-disjoint/triplet"),
    ]
    bare = of["no-teacher", False]
    assert bare.labels
    assert (bare.absolute, bare.relative, bare.hint, bare.attention, bare.unlabelled) == (0,) * 5
    assert of["relative", False] == replace(bare, arm="relative", relative=10.0)
    both = of["absolute+relative", False]
    assert of["teacher-only", False] == replace(both, arm="teacher-only", labels=0.0)
    assert of["semi-supervised", False] == replace(both, arm="semi-supervised", unlabelled=32)
    assert of["absolute+relative", True] == replace(both, degraded=True)
    assert of["no-teacher", True].condition == "cross-quality"


def test_intervals_over_seeds() -> None:
    assert seed_interval([0.4]) == (0.4, None, None)
    mean, low, high = seed_interval([0.40, 0.42, 0.44])
    assert mean == pytest.approx(0.42)
    half = 4.303 * 0.02 / 3**0.5
    assert (low, high) == pytest.approx((0.42 - half, 0.42 + half))


def test_gain_is_paired_by_seed() -> None:
    def found(value: float) -> Found:
        return Found(recall=(value, 0.9, 1.0), loss=0.0, seconds=1.0)

    with_teacher = [found(0.50), found(0.60)]
    without = [found(0.40), found(0.50)]
    gain = gain_figure("absolute", "class-disjoint", with_teacher, without)
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.1, 0.1, 0.1))
    figures = recall_figures("absolute", "class-disjoint", with_teacher)
    assert [each.metric for each in figures] == ["recall@1", "recall@4", "recall@8"]
    assert figures[0].low == 0.0  # two seeds tell little: the interval is cut at the possible
    assert figures[2].n == 2


def test_costs_stand_side_by_side(tmp_path: Path) -> None:
    tower = ImageTower(TowerConfig(dims=128)).eval()
    figures = cost_figures(tower, StudentNet(128).eval(), tmp_path, pictures=4, rounds=2)
    named = {(each.metric, each.arm, each.condition): each.value for each in figures}
    assert named["parameters", "student", "cost"] == 101_936
    ratio = named["ratio", "student/teacher", "multiply-adds"]
    assert ratio == pytest.approx(
        named["multiply-adds", "student", "cost"] / named["multiply-adds", "teacher", "cost"]
    )
    assert named["ratio", "student/teacher", "rate"] > 1
    assert named["rate", "teacher", "cost"] > 0


@pytest.mark.data
def test_quick_study_on_the_real_data_has_every_arm_and_goes_on(tmp_path: Path) -> None:
    if not (DATA / "kagl.parquet").exists():
        pytest.skip(f"the real data are not at {DATA}")
    result = run_distil_study(DATA, tmp_path, seeds=3, quick=True)
    arms = {each.arm for each in result.figures if each.metric == "recall@1"}
    assert arms >= {each.arm for each in plan_runs(StudySizes(), LAMBDAS, seeds=1)}
    assert arms >= {"teacher", "teacher-untrained", "pixels"}
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    again = run_distil_study(DATA, tmp_path, seeds=3, quick=True)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == before
    recalls = [
        [each.value for each in found.figures if each.metric.startswith("recall")]
        for found in (result, again)
    ]
    assert recalls[0] == recalls[1]
