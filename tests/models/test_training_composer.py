"""Training the composer: frames, questions, the loss, and a small world that it must learn."""

import numpy as np
import pytest

from engine.query.lexicon import default_lexicon
from engine.query.parse import parse_modification
from engine.types import EncoderId
from models.composer import composer_for
from models.training.composer_frames import Frame, derive_frames, frame_of, load_frames, save_frames
from models.training.composer_pairs import CHANGES, draw_questions, items_of

LEXICON = default_lexicon()
COLOURS = ("Red", "Blue", "Green", "Black")
KINDS = ("Shirts", "Dresses", "Shorts")
EACH = 14


def world() -> tuple[list[str], list[dict[str, str]]]:
    titles, labels = [], []
    for kind in KINDS:
        for colour in COLOURS:
            for number in range(EACH):
                pattern = ("Striped", "Solid", "")[number % 3]
                titles.append(f"Brand {colour} {pattern} {kind}")
                labels.append(
                    {"type": kind, "colour": colour, "gender": "Men", "category": "Apparel"}
                )
    return titles, labels


def test_frames_hold_slots_in_place_of_edits():
    assert frame_of("is Red with long sleeves!", LEXICON) == "is {colour} with {sleeve}"
    assert frame_of("is darker and not striped", LEXICON) == "is {more darkness} and {not pattern}"
    assert frame_of("a picture of my cat", LEXICON) == ""
    assert frame_of("is red and has somebody's own name all over the place", LEXICON) == ""


def test_what_few_captions_share_is_left_out(tmp_path):
    captions = ["is red"] * 3 + ["is blue", "has somebody on red"]
    frames = derive_frames(captions, LEXICON, least=3)
    assert frames == (Frame(text="is {colour}", count=4),)
    save_frames(frames, tmp_path / "frames.json")
    assert load_frames(tmp_path / "frames.json") == frames
    assert frames[0].fill(["green"]) == "is green"


def test_the_shipped_frames_are_frames():
    frames = load_frames()
    assert len(frames) > 100
    assert all(frame.slots and frame.count >= 12 for frame in frames)


def test_targets_have_what_was_asked_for_and_words_say_it():
    items = items_of(*world(), LEXICON)
    questions = draw_questions(items, load_frames(), LEXICON, count=400, seed=1)
    assert {each.change for each in questions} >= {"colour", "type", "pattern", "two", "darker"}
    assert {each.change for each in questions} <= set(CHANGES)
    understood: list[bool] = []
    for question in questions:
        reference = items[question.reference]
        targets = [items[row] for row in question.targets]
        assert question.reference not in question.targets
        assert len(targets) >= 5
        if question.change == "colour":
            (colour,) = {each.colour for each in targets}
            assert colour != reference.colour
            assert {each.kind for each in targets} == {reference.kind}
            assert colour in question.words
            found = {each.edit_id for each in parse_modification(question.words).edits}
            understood.append(f"colour:set:{colour}" in found)
        if question.change == "type":
            assert {each.colour for each in targets} == {reference.colour}
            assert reference.kind not in {each.kind for each in targets}
        if question.change == "not colour":
            assert reference.colour not in {each.colour for each in targets}
    assert np.mean(understood) > 0.9
    again = draw_questions(items, load_frames(), LEXICON, count=400, seed=1)
    assert [each.words for each in again] == [each.words for each in questions]


@pytest.mark.models
def test_the_loss_is_that_of_plain_loops():
    torch = pytest.importorskip("torch")
    from models.training.composer import composed_loss

    generator = torch.Generator().manual_seed(0)
    composed, reference, gallery = (
        torch.nn.functional.normalize(torch.randn(n, 4, generator=generator), dim=1)
        for n in (3, 3, 7)
    )
    right = torch.tensor([[1, 0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0], [1] * 7]).bool()
    found = composed_loss(composed, reference, gallery, right, scale=5.0, likeness=2.0)
    expected = 0.0
    for row in range(3):
        every = sum(np.exp(5.0 * float(composed[row] @ g)) for g in gallery)
        held = [g for g, fits in zip(gallery, right[row], strict=True) if fits]
        alike = [np.exp(2.0 * float(reference[row] @ g)) for g in held]
        chosen = sum(
            weight / sum(alike) * np.exp(5.0 * float(composed[row] @ g))
            for weight, g in zip(alike, held, strict=True)
        )
        expected += np.log(every) - np.log(chosen)
    assert float(found) == pytest.approx(expected / 3, rel=1e-5)


class WorldEncoder:
    """Texts on axes that pictures do not use, so that arithmetic alone cannot work."""

    encoder_id = EncoderId(name="world", revision="1", preprocess="1", dims=24)

    def embed_images(self, images):
        raise AssertionError

    def embed_texts(self, texts):
        known = [
            each.casefold() for each in (*COLOURS, "shirt", "dress", "short", "strip", "solid")
        ]
        vectors = np.full((len(texts), 24), 0.01, np.float32)
        for row, text in enumerate(texts):
            for place, word in enumerate(known):
                vectors[row, 12 + place] += word in text.casefold()
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.models
def test_a_small_world_is_learned_and_written(tmp_path):
    pytest.importorskip("torch")
    from models.training.composer import ComposerConfig, fit
    from models.training.composer_data import prepare

    items = items_of(*world(), LEXICON)
    rng = np.random.default_rng(0)
    pictures = rng.normal(0, 0.08, (len(items), 24)).astype(np.float32)
    for row, item in enumerate(items):
        pictures[row, COLOURS.index(item.labels[1])] += 1
        pictures[row, 4 + KINDS.index(item.labels[0])] += 1
        pictures[row, 8 + ("striped", "plain", "").index(item.pattern)] += 0.5
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    config = ComposerConfig(
        data=tmp_path, out=tmp_path, steps=120, batch=64, hidden=48, watch_every=120, rate=1e-2
    )
    encoder = WorldEncoder()
    asked, checked = (
        prepare(
            draw_questions(items, load_frames(), LEXICON, count=count, seed=seed),
            items,
            pictures,
            encoder=encoder,
            lexicon=LEXICON,
            seed=seed,
        )
        for count, seed in ((500, 1), (100, 2))
    )
    rows = np.arange(len(items))
    report = fit(config, asked, checked, pictures, rows, rows[:0], encoder.encoder_id.fingerprint)
    assert report.val_precision > 0.8 > report.val_arithmetic + 0.1
    served = composer_for(encoder.encoder_id, report.folder)
    assert served is not None
