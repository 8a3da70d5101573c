"""Whole feeds that are broken or odd, as bytes, with what is to become of them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

HEADER = "id,title,image_link\n"
GOOD = "1,Red dress,good.png\n"
ALSO_GOOD = "2,Blue dress,good.png\n"


@dataclass(frozen=True, kw_only=True)
class FeedCase:
    """One feed.

    Attributes:
        error: Code of the `FeedError`; the other fields do not count then.
        titles: Of the products indexed, by id.
        rejected: Row → code.
    """

    name: str
    data: bytes
    file: str = "feed.csv"
    error: str = ""
    titles: dict[str, str] | None = None
    rejected: dict[int, str] | None = None


TWO = {"1": "Red dress", "2": "Blue dress"}
_TEXT = HEADER + GOOD + ALSO_GOOD
_ACCENTS = HEADER + "".join(
    f"{n},{title},good.png\n"
    for n, title in enumerate(
        ("Café crème", "Über Mäntel für größere Größen", "Señora piñata", "Façade à l’été"), start=1
    )
)
_ACCENT_TITLES = {
    "1": "Café crème",
    "2": "Über Mäntel für größere Größen",
    "3": "Señora piñata",
    "4": "Façade à l’été",
}
_JSON_1 = '{"id": "1", "title": "Red dress", "image_link": "good.png"}\n'
_JSON_2 = '{"id": 2, "title": "Blue dress", "image_link": ["good.png"]}\n'


def _json_case(name: str, bad: str, code: str) -> FeedCase:
    return FeedCase(
        name=name,
        file="feed.jsonl",
        data=(_JSON_1 + bad + "\n" + _JSON_2).encode(),
        titles=TWO,
        rejected={2: code},
    )


FEEDS = [
    FeedCase(name="plain", data=_TEXT.encode(), titles=TWO),
    FeedCase(name="byte order mark", data=_TEXT.encode("utf-8-sig"), titles=TWO),
    FeedCase(name="UTF-16 with mark", data=_ACCENTS.encode("utf-16"), titles=_ACCENT_TITLES),
    FeedCase(name="UTF-16 LE without mark", data=_TEXT.encode("utf-16-le"), titles=TWO),
    FeedCase(name="UTF-16 BE without mark", data=_TEXT.encode("utf-16-be"), titles=TWO),
    FeedCase(name="Windows-1252", data=_ACCENTS.encode("cp1252"), titles=_ACCENT_TITLES),
    FeedCase(name="CR only", data=_TEXT.replace("\n", "\r").encode(), titles=TWO),
    FeedCase(name="CRLF", data=_TEXT.replace("\n", "\r\n").encode(), titles=TWO),
    FeedCase(
        name="mixed line ends", data=(HEADER + GOOD.strip() + "\r\n" + ALSO_GOOD).encode(),
        titles=TWO,
    ),
    FeedCase(
        name="one line in another encoding",
        data=_ACCENTS.encode() + "5,Größe,good.png\n".encode("latin-1") + b"6,Hat,good.png\n",
        titles={**_ACCENT_TITLES, "6": "Hat"},
        rejected={5: "row.encoding"},
    ),
    FeedCase(name="tabs in .csv", data=_TEXT.replace(",", "\t").encode(), titles=TWO),
    FeedCase(name="semicolons", data=_TEXT.replace(",", ";").encode(), titles=TWO),
    FeedCase(name="pipes", data=_TEXT.replace(",", "|").encode(), titles=TWO),
    FeedCase(
        name="quoted header with another delimiter inside",
        data=b'"id";"title";"image_link";"a,b,c,d"\n1;Red dress;good.png;\n'
        b"2;Blue dress;good.png;\n",
        titles=TWO,
    ),
    FeedCase(
        name="quotes, commas and line breaks in cells",
        data=(HEADER + '1,"Red, ""hot""\ndress",good.png\n' + ALSO_GOOD).encode(),
        titles={"1": 'Red, "hot" dress', "2": "Blue dress"},
    ),
    FeedCase(
        name="inch marks within cells",
        data=(HEADER + '1,Heel 5" red,good.png\n' + ALSO_GOOD).encode(),
        titles={"1": 'Heel 5" red', "2": "Blue dress"},
    ),
    FeedCase(
        name="unclosed quote costs its row only",
        data=(HEADER + GOOD + '3,"Green dress,good.png\n' + ALSO_GOOD).encode(),
        titles=TWO,
        rejected={2: "row.columns"},
    ),
    FeedCase(
        name="unclosed quote with closed ones after it",
        data=(HEADER + '3,"Green dress,good.png\n' + GOOD + '2,"Blue dress",good.png\n').encode(),
        titles=TWO,
        rejected={1: "row.columns"},
    ),
    FeedCase(
        name="quote within a quoted cell",
        data=(HEADER + GOOD + '3,"Heel 5" red",good.png\n' + ALSO_GOOD).encode(),
        titles=TWO,
        rejected={2: "row.columns"},
    ),
    FeedCase(
        name="ragged rows",
        data=(HEADER + GOOD + "3,Green dress\n4,Hat,good.png,x,y\n" + ALSO_GOOD).encode(),
        titles=TWO,
        rejected={2: "row.columns", 3: "row.columns"},
    ),
    FeedCase(
        name="delimiter at the end of every line",
        data=_TEXT.replace("\n", ",\n").encode(),
        titles=TWO,
    ),
    FeedCase(
        name="blank lines", data=(HEADER + "\n" + GOOD + "\n\n" + ALSO_GOOD).encode(), titles=TWO
    ),
    FeedCase(
        name="cell over 1 MB",
        data=(HEADER + GOOD + f"3,{'x' * 1_200_000},good.png\n" + ALSO_GOOD).encode(),
        titles=TWO,
        rejected={2: "row.too_long"},
    ),
    FeedCase(
        name="line over 2 MB",
        data=(HEADER + GOOD + f"3,{'x' * 3_000_000},good.png\n" + ALSO_GOOD).encode(),
        titles=TWO,
        rejected={2: "row.too_long"},
    ),
    FeedCase(
        name="header with spaces, case, American spelling and g:",
        data=b" G:ID ,Title, Image Link ,Color\n1,Red dress,good.png,red\n"
        b"2,Blue dress,good.png,blue\n",
        titles=TWO,
    ),
    FeedCase(name="gzip", file="feed.csv.gz", data=gzip.compress(_TEXT.encode()), titles=TWO),
    FeedCase(
        name="truncated gzip", file="feed.csv.gz", data=gzip.compress(_TEXT.encode() * 50)[:-20],
        error="feed.archive",
    ),
    FeedCase(
        name="gzip with a wrong checksum", file="feed.csv.gz",
        data=gzip.compress(_TEXT.encode())[:-8] + b"\0" * 8, error="feed.archive",
    ),
    FeedCase(
        name="gzip of gzip", file="feed.csv.gz",
        data=gzip.compress(gzip.compress(_TEXT.encode())), error="feed.archive",
    ),
    FeedCase(
        name="plain text named .gz", file="feed.csv.gz", data=_TEXT.encode(), error="feed.archive"
    ),
    FeedCase(name="gzip named .csv", data=gzip.compress(_TEXT.encode()), error="feed.archive"),
    FeedCase(name="empty", data=b"", error="feed.empty"),
    FeedCase(name="white space only", data=b"\n\n  \n", error="feed.empty"),
    FeedCase(name="header only", data=HEADER.encode(), error="feed.empty"),
    FeedCase(
        name="column twice", data=b"id,title,title,image_link\n1,a,b,good.png\n",
        error="feed.duplicate_column",
    ),
    FeedCase(
        name="no id column", data=b"name,image_link\nx,good.png\n", error="feed.column_missing"
    ),
    FeedCase(name="unknown format", file="feed.xml", data=b"<rss/>", error="feed.format"),
    FeedCase(
        name="Parquet that is none", file="feed.parquet", data=b"PAR1 no", error="feed.unreadable"
    ),
    FeedCase(
        name="JSON Lines", file="feed.jsonl", data=(_JSON_1 + "\n" + _JSON_2).encode(), titles=TWO
    ),
    FeedCase(
        name="JSON Lines with mark", file="feed.jsonl",
        data=(_JSON_1 + _JSON_2).encode("utf-8-sig"), titles=TWO,
    ),
    FeedCase(
        name="JSON array", file="feed.jsonl", data=b'[{"id": 1}, {"id": 2}]',
        error="feed.unreadable",
    ),
    FeedCase(name="JSON Lines empty", file="feed.jsonl", data=b"\n\n", error="feed.empty"),
    _json_case("JSON cut off", '{"id": "3", "title": "Gre', "row.json"),
    _json_case("JSON that is no object", '"hello"', "row.json"),
    _json_case("JSON key twice", '{"id": "3", "id": "4"}', "row.json"),
    _json_case("JSON 10,000 deep", '{"id": ' + "[" * 10_000 + "]" * 10_000 + "}", "row.json"),
    _json_case("JSON 40 deep", '{"id": ' + "[" * 40 + "]" * 40 + "}", "row.json"),
    _json_case(
        "JSON price NaN",
        '{"id": "3", "title": "x", "image_link": "good.png", "price": NaN}', "row.price",
    ),
    _json_case(
        "JSON price 1e400",
        '{"id": "3", "title": "x", "image_link": "good.png", "price": 1e400}', "row.price",
    ),
    FeedCase(
        name="JSON line in another encoding",
        file="feed.jsonl",
        data=_JSON_1.encode() + '{"id": "3", "title": "Größe"}\n'.encode("latin-1")
        + '{"id": "4", "title": "Größe", "image_link": "good.png"}\n'.encode(),
        titles={"1": "Red dress", "4": "Größe"},
        rejected={2: "row.encoding"},
    ),
]  # fmt: skip
