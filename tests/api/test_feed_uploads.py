"""Feeds that were sent: named safely, removed when done, swept after a crash."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

from api.feed_uploads import ARRIVING_S, FeedUploads

NOW_S = 2_000_000_000.0


def _uploads(folder: Path) -> FeedUploads:
    return FeedUploads(folder / "uploaded", now=lambda: NOW_S)


def test_a_name_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    kept = _uploads(tmp_path).keep("../../etc/pass wd.csv", BytesIO(b"id\n"))
    assert kept.name == "pass_wd.csv"
    assert kept.parent.parent == tmp_path / "uploaded"
    assert kept.read_bytes() == b"id\n"


def test_only_feeds_of_this_folder_are_discarded(tmp_path: Path) -> None:
    uploads = _uploads(tmp_path)
    kept = uploads.keep("a.csv", BytesIO(b"id\n"))
    own = tmp_path / "feeds" / "b.csv"
    own.parent.mkdir()
    own.write_text("id\n")
    uploads.discard(own)
    uploads.discard(kept)
    assert own.exists()
    assert not kept.parent.exists()


def test_leftovers_are_swept_but_not_what_waits_or_arrives(tmp_path: Path) -> None:
    uploads = _uploads(tmp_path)
    assert uploads.sweep([]) == 0
    left, waiting, arriving = (uploads.keep("a.csv", BytesIO(b"id\n")) for _ in range(3))
    for feed, age_s in ((left, ARRIVING_S + 1), (waiting, ARRIVING_S + 1), (arriving, 1)):
        os.utime(feed.parent, (NOW_S - age_s, NOW_S - age_s))
    assert uploads.sweep([str(waiting), str(tmp_path / "feeds" / "c.csv")]) == 1
    assert [each.exists() for each in (left, waiting, arriving)] == [False, True, True]
