"""Heads fitted to vectors that stand still."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")

from models.training.pairs import ATTRIBUTES  # noqa: E402
from models.training.patterns import pattern_labels  # noqa: E402
from models.training.refit_heads import PATTERN, refit_heads  # noqa: E402

pytestmark = pytest.mark.models

TITLES = ["acme striped shirt", "acme shirt", "acme solid shirt", "acme checked shirt"] * 60


def test_what_no_title_calls_patterned_is_plain() -> None:
    names, codes = pattern_labels(TITLES)
    assert names == ("checked", "plain", "striped")
    assert [names[code] for code in codes[:4]] == ["striped", "plain", "plain", "checked"]


@pytest.mark.parametrize(
    "title",
    [
        "acme printed shirt",  # too rare here to be learned
        "acme floral shirt",
        "acme dotted shirt",
        "acme sequinned shirt",
        "acme striped and checked shirt",
    ],
)
def test_another_pattern_is_unknown_and_not_plain(title: str) -> None:
    names, codes = pattern_labels([*TITLES, title])
    assert names == ("checked", "plain", "striped")
    assert codes[-1] == -1


def test_heads_find_what_the_vectors_hold_and_leave_out_what_is_unknown() -> None:
    rng = np.random.default_rng(0)
    kinds = np.arange(len(TITLES)) % 4
    centres = np.linalg.qr(rng.normal(size=(8, 8)))[0][:4]
    vectors = centres[kinds] + 0.1 * rng.normal(size=(len(TITLES), 8))
    view = torch.from_numpy(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).float()
    labels = torch.full((len(TITLES), len(ATTRIBUTES)), -1)
    colour = ATTRIBUTES.index("colour")
    labels[:, colour] = torch.from_numpy(kinds // 2)
    labels[::3, colour] = -1
    names = {"type": ("shirt",), "colour": ("Red", "Blue")}

    heads, known = refit_heads(names, [view, view], labels, TITLES, seed=1)

    assert known == {**names, PATTERN: ("checked", "plain", "striped")}
    found = heads(view)
    assert (found["colour"].argmax(1).numpy() == kinds // 2).all()  # unknown rows as well
    said = [known[PATTERN][place] for place in found[PATTERN].argmax(1)[:4]]
    assert said == ["striped", "plain", "plain", "checked"]
    assert float(found["type"].abs().max()) == 0  # nothing was known of it
    again, _ = refit_heads(names, [view, view], labels, TITLES, seed=1)
    assert torch.equal(again(view)["colour"], found["colour"])
