"""The filter language: what it means, that it round-trips, and where it says it went wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.filter_text import (
    FILTER_KEYS,
    MAX_CLAUSES,
    MAX_DEPTH,
    PRICE,
    parse_filter,
    render_filter,
)
from engine.filters import And, Eq, Filter, In, Not, Or, Range, matches
from engine.payload import NUMBER_KEYS, PRICE_MINOR, TENANT

WORD_KEYS = [key for key in FILTER_KEYS if key not in (PRICE, "currency", *NUMBER_KEYS)]
words = st.text(max_size=12).map(str.casefold).filter(lambda text: text == text.casefold())
minor = st.integers(-(10**9), 10**9)
leaves = st.one_of(
    st.builds(Eq, st.sampled_from(WORD_KEYS), words),
    st.builds(Eq, st.just(PRICE_MINOR), minor),
    st.builds(In, st.sampled_from(WORD_KEYS), st.lists(words, max_size=4).map(tuple)),
    st.builds(In, st.just(PRICE_MINOR), st.lists(minor, max_size=4).map(tuple)),
    st.builds(Range, st.just(PRICE_MINOR), st.none() | minor, st.none() | minor),
    st.just(And(())),
    st.just(Or(())),
)


def _grow(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, inner))


trees: st.SearchStrategy[Filter] = st.recursive(leaves, _grow, max_leaves=8)


def _depth(tree: Filter) -> int:
    match tree:
        case And(parts) | Or(parts):
            return 1 + max((_depth(part) for part in parts), default=0)
        case Not(part):
            return 1 + _depth(part)
        case _:
            return 1


@given(trees.filter(lambda tree: _depth(tree) < MAX_DEPTH))
def test_what_is_rendered_parses_to_the_same_tree(tree: Filter) -> None:
    assert parse_filter(render_filter(tree)) == tree


@given(leaves, st.sampled_from([And, Or]))
def test_a_list_of_one_part_means_that_part(leaf: Filter, kind: type[And] | type[Or]) -> None:
    assert parse_filter(render_filter(kind((leaf,)))) == leaf


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('colour = "red"', Eq("colour", "red")),
        ("color = Red", Eq("colour", "red")),
        ("price <= 40", Range(PRICE_MINOR, None, 4000)),
        ("price < 40", Range(PRICE_MINOR, None, 3999)),
        ("price > 39.90", Range(PRICE_MINOR, 3991, None)),
        ("price between 20 and 50", Range(PRICE_MINOR, 2000, 5000)),
        ("price_minor >= 4000", Range(PRICE_MINOR, 4000, None)),
        ("price = 19.99", Eq(PRICE_MINOR, 1999)),
        ("type in [t-shirt, 'casual shoes']", In("type", ("t-shirt", "casual shoes"))),
        ("brand != Nike", Not(Eq("brand", "nike"))),
        ("product_id = ABC-1", Eq("product_id", "ABC-1")),
        ("product_id = 123", Eq("product_id", "123")),
        ("currency = eur", Eq("currency", "EUR")),
        (
            "NOT colour = red AND (type = dress OR type = skirt)",
            And((Not(Eq("colour", "red")), Or((Eq("type", "dress"), Eq("type", "skirt"))))),
        ),
        (
            "type = dress or type = skirt and colour = red",
            Or((Eq("type", "dress"), And((Eq("type", "skirt"), Eq("colour", "red"))))),
        ),
    ],
)
def test_meaning(text: str, tree: Filter) -> None:
    assert parse_filter(text) == tree


def test_a_filter_chooses_what_it_says() -> None:
    tree = parse_filter("colour in [red, pink] and price <= 40")
    assert matches(tree, {"colour": ["pink"], PRICE_MINOR: 4000})
    assert not matches(tree, {"colour": ["pink"], PRICE_MINOR: 4001})
    assert not matches(tree, {"colour": ["blue"], PRICE_MINOR: 100})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"character 1: found the end: expected a key"),
        ("colour", r"character 7: found the end: expected ="),
        ("colour = ", r"character 10: found the end: expected a value"),
        ("colour = red type = dress", r"character 14: found 'type': expected “and”"),
        ("colr = red", r"character 1: unknown key 'colr'. Did you mean colour\?"),
        ("tenant = other", r"unknown key 'tenant'"),
        ("price <= cheap", r"character 10: found 'cheap': expected a number"),
        ("price = 9.999", r"character 9: .*at most two decimals"),
        ("colour <= red", r"character 8: .*holds words"),
        ('colour = "red', r"character 10: the quote is never closed"),
        ("colour = red; drop", r"character 13: ';' has no meaning"),
        ("(colour = red", r"character 14: found the end: expected \)"),
        ("colour in [red, ]", r"character 17: .*expected a value"),
        ("colour exists", r"works for price"),
    ],
)
def test_errors_say_where(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_filter(text)


def test_the_limits_hold_at_the_limit_and_not_beyond() -> None:
    parse_filter("not " * (MAX_DEPTH - 1) + "colour = red")
    with pytest.raises(InvalidInput, match="levels"):
        parse_filter("not " * MAX_DEPTH + "colour = red")
    parse_filter("(" * (MAX_DEPTH - 1) + "colour = red" + ")" * (MAX_DEPTH - 1))
    with pytest.raises(InvalidInput, match="levels"):
        parse_filter("(" * 3_000)
    parse_filter(" or ".join(["colour = red"] * MAX_CLAUSES))
    with pytest.raises(InvalidInput, match=f"more than {MAX_CLAUSES} clauses"):
        parse_filter(f"colour in [{', '.join(['red'] * (MAX_CLAUSES + 1))}]")
    with pytest.raises(InvalidInput, match="characters"):
        parse_filter("colour = " + "x" * 4_000)


@given(st.text(max_size=60) | st.text(alphabet='()[]="\\ andorti<>!,1.', max_size=60))
def test_any_text_gives_a_tree_or_an_invalid_input(text: str) -> None:
    try:
        tree = parse_filter(text)
    except InvalidInput:
        return
    assert parse_filter(render_filter(tree)) == tree


def test_a_tree_outside_the_language_is_refused_not_mangled() -> None:
    for tree in (Eq(TENANT, "x"), Eq("colour", True), Eq("colour", 3), Range("colour", 1, 2)):
        with pytest.raises(InvalidInput):
            render_filter(tree)
