"""The adapter for servers, against the client's own local mode and a real server where one is."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from qdrant_client import QdrantClient

from engine.errors import IndexMismatch, IndexUnavailable
from engine.index.manifest import IndexManifest
from engine.index.open import erase_index, open_index
from engine.index.server import ServerIndex, collection_name
from engine.types import EncoderId
from tests.contracts.index_cases import point
from tests.contracts.index_contract import IndexContract, MakeIndex

SERVER_URL = os.environ.get("LOOKALIKE_QDRANT_URL", "")


def encoder(dims: int = 4, revision: str = "1") -> EncoderId:
    return EncoderId(name="test", revision=revision, preprocess="p", dims=dims)


@pytest.mark.filterwarnings("ignore:Local mode performs exact")
class TestServerIndexLocal(IndexContract):
    @pytest.fixture
    def make_index(self) -> MakeIndex:
        return lambda dims: ServerIndex(QdrantClient(":memory:"), encoder(dims))


@pytest.mark.qdrant
@pytest.mark.skipif(not SERVER_URL, reason="LOOKALIKE_QDRANT_URL is not set")
class TestServerIndexReal(IndexContract):
    @pytest.fixture
    def make_index(self) -> Iterator[MakeIndex]:
        made: list[ServerIndex] = []

        def make(dims: int) -> ServerIndex:
            name = f"lookalike_test_{uuid.uuid4().hex[:12]}"
            made.append(ServerIndex(QdrantClient(url=SERVER_URL), encoder(dims), collection=name))
            return made[-1]

        yield make
        for index in made:
            ServerIndex(QdrantClient(url=SERVER_URL), encoder(), collection=index.collection).drop()


def test_encoders_that_differ_never_share_a_default_collection():
    client = QdrantClient(":memory:")
    one = ServerIndex(client, encoder())
    two = ServerIndex(client, encoder(revision="2"))
    one.upsert([point(1)])
    assert one.collection != two.collection
    assert (one.count(), two.count()) == (1, 0)
    assert one.collection == collection_name(IndexManifest(encoder=encoder()))


def test_a_collection_filled_by_another_encoder_is_refused():
    client = QdrantClient(":memory:")
    ServerIndex(client, encoder(), collection="shop")
    ServerIndex(client, encoder(), collection="shop")
    with pytest.raises(IndexMismatch, match=r"test@1/p/4.*test@2/p/4.*lookalike ingest --rebuild"):
        ServerIndex(client, encoder(revision="2"), collection="shop")


def test_a_collection_of_somebody_else_is_refused():
    client = QdrantClient(":memory:")
    client.create_collection("shop", vectors_config={})
    with pytest.raises(IndexMismatch, match="no manifest"):
        ServerIndex(client, encoder(), collection="shop")


def test_drop_removes_the_collection():
    client = QdrantClient(":memory:")
    index = ServerIndex(client, encoder())
    index.drop()
    assert not client.collection_exists(index.collection)


def test_a_server_that_does_not_answer_is_our_error():
    address = "http://127.0.0.1:9"  # the discard port: nothing listens
    with pytest.raises(IndexUnavailable, match="Qdrant server failed"):
        open_index(address, encoder())
    with pytest.raises(IndexUnavailable, match="cannot be removed"):
        erase_index(f"{address}#shop", encoder())
