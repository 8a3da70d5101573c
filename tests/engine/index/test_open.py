from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from engine.errors import InvalidInput
from engine.index.edge import EdgeIndex
from engine.index.memory import MemoryIndex
from engine.index.open import erase_index, index_exists, open_index
from engine.types import EncoderId

ROOT = Path(__file__).parents[3]
ENCODER = EncoderId(name="test", revision="1", preprocess="p", dims=4)


def test_memory():
    assert isinstance(open_index("memory:", ENCODER), MemoryIndex)
    erase_index("memory:", ENCODER)


def test_a_folder_is_made_with_its_parents(quick_folder: Path):
    index = open_index(str(quick_folder / "a" / "b"), ENCODER)
    assert isinstance(index, EdgeIndex)
    assert index.count() == 0
    index.close()


@pytest.mark.parametrize("where", ["", "  ", "a\0b"])
def test_an_empty_address_is_refused(where: str):
    with pytest.raises(InvalidInput, match="index address"):
        open_index(where, ENCODER)


def test_erasing_what_is_not_there_makes_nothing(tmp_path: Path):
    erase_index(str(tmp_path / "none"), ENCODER)
    assert not (tmp_path / "none").exists()


def test_a_folder_loads_neither_the_servers_client_nor_torch(quick_folder: Path):
    script = (
        "import sys; from engine.index.open import open_index; from engine.types import EncoderId\n"
        "e = EncoderId(name='t', revision='1', preprocess='p', dims=4)\n"
        "open_index(sys.argv[1], e).close()\n"
        "assert 'qdrant_edge' in sys.modules\n"
        "print([name for name in ('qdrant_client', 'torch', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(quick_folder / "lazy")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_looking_for_an_index_makes_none(quick_folder: Path):
    where = str(quick_folder / "looked-for")
    assert not index_exists("memory:", ENCODER)
    assert not index_exists(where, ENCODER)
    assert not Path(where).exists()
    open_index(where, ENCODER).close()
    assert index_exists(where, ENCODER)


def test_looking_on_a_server_makes_no_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def connect(where: str, api_key: str) -> tuple[QdrantClient, str]:
        return QdrantClient(path=str(tmp_path)), ""

    monkeypatch.setattr("engine.index.open._connect", connect)
    assert not index_exists("http://shop", ENCODER)
    assert not index_exists("http://shop", ENCODER)
    open_index("http://shop", ENCODER).close()
    assert index_exists("http://shop", ENCODER)
