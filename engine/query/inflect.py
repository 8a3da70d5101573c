"""Spellings of a phrase that need not be listed: plurals and words written together."""

from __future__ import annotations

from collections.abc import Iterator


def plural(word: str) -> str:
    """The regular English plural of a word."""
    if word.endswith("y") and len(word) > 1 and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word + "s"


def derived(phrase: str, *, plurals: bool) -> Iterator[str]:
    """Further forms of a phrase: its last word in the plural, two words written as one."""
    forms = [phrase]
    if plurals and (phrase.endswith("ss") or not phrase.endswith("s")):
        head, space, last = phrase.rpartition(" ")
        forms.append(head + space + plural(last))
        yield forms[-1]
    for form in forms:
        if form.count(" ") == 1:
            yield form.replace(" ", "")
