"""How people say what should be different: sentence frames counted in the Fashion IQ captions.

A caption is read by the engine's own parser, each edit is cut out and its name put in its place
("is a darker blue" → ``is a {more darkness} {colour}``), and what many captions share is kept. The
file beside this module holds such frames and their counts, and no caption.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from engine.errors import InvalidInput, NotFound
from engine.query.lexicon import Lexicon
from engine.query.parse import parse_modification
from engine.types import Edit, Operation

__all__ = ["FRAMES", "Frame", "derive_frames", "frame_of", "load_frames", "save_frames"]

FRAMES = Path(__file__).with_name("composer_frames.json")
LEAST_COUNT = 12
"""Captions that share a frame; one that fewer share could be somebody's own sentence."""
MOST_PLAIN_WORDS = 5
"""Words of a frame beside its slots."""
_SLOT = re.compile(r"\{[^}]*\}")
_SPELLED = re.compile(r"[^\w{}/'\- ]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A sentence with slots.

    Attributes:
        text: Such as ``is {colour} and has {sleeve}``; slots are named as `slot_of` does.
        count: Captions that have it.
    """

    text: str
    count: int

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the slots in order."""
        return tuple(each[1:-1] for each in _SLOT.findall(self.text))

    def fill(self, values: Sequence[str]) -> str:
        """The sentence with words in its slots.

        Raises:
            InvalidInput: Not one word a slot.
        """
        if len(values) != len(self.slots):
            raise InvalidInput(f"got {len(values)} values for the slots of {self.text!r}")
        words = iter(values)
        return _SLOT.sub(lambda _: next(words), self.text)


def slot_of(edit: Edit) -> str:
    """Name of the slot of an edit: ``colour``, ``not pattern``, ``more darkness``."""
    return {
        Operation.NOT: f"not {edit.attribute}",
        Operation.MORE: f"more {edit.attribute}",
        Operation.LESS: f"less {edit.attribute}",
    }.get(edit.operation, edit.attribute)


def frame_of(caption: str, lexicon: Lexicon) -> str:
    """The frame of a caption; empty where it has no edit or says much beside its edits."""
    edits = parse_modification(caption, lexicon=lexicon).edits
    if not edits:
        return ""
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += [caption[at : edit.start], f"{{{slot_of(edit)}}}"]
        at = edit.end
    parts.append(caption[at:])
    frame = " ".join(_SPELLED.sub(" ", "".join(parts).casefold()).split())
    plain = _SLOT.sub(" ", frame).split()
    return frame if len(plain) <= MOST_PLAIN_WORDS else ""


def derive_frames(
    captions: Iterable[str], lexicon: Lexicon, *, least: int = LEAST_COUNT
) -> tuple[Frame, ...]:
    """Frames that at least `least` captions share, the most frequent first."""
    counts = Counter(frame_of(caption, lexicon) for caption in captions)
    del counts[""]
    common = [(text, count) for text, count in counts.items() if count >= least]
    return tuple(
        Frame(text=text, count=count)
        for text, count in sorted(common, key=lambda each: (-each[1], each[0]))
    )


def read_captions(data: Path) -> list[str]:
    """Captions of the train split of Fashion IQ.

    Raises:
        NotFound: ``fashion_iq_captions.parquet`` is not in the folder.
    """
    path = data / "fashion_iq_captions.parquet"
    if not path.is_file():
        raise NotFound("the captions are not there", where=str(path))
    table = pq.read_table(path, columns=["split", "captions"]).to_pydict()
    return [
        caption
        for split, captions in zip(table["split"], table["captions"], strict=True)
        if split == "train"
        for caption in captions
    ]


def save_frames(frames: Sequence[Frame], path: Path = FRAMES) -> None:
    """Write frames, one a line."""
    lines = [json.dumps([frame.text, frame.count], ensure_ascii=False) for frame in frames]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def load_frames(path: Path = FRAMES) -> tuple[Frame, ...]:
    """The frames of a file that `save_frames` wrote."""
    held = json.loads(path.read_text(encoding="utf-8"))
    return tuple(Frame(text=text, count=count) for text, count in held)
