from __future__ import annotations

import pytest

from engine.index.memory import MemoryIndex
from tests.contracts.index_contract import IndexContract, MakeIndex


class TestMemoryIndex(IndexContract):
    @pytest.fixture
    def make_index(self) -> MakeIndex:
        return MemoryIndex
