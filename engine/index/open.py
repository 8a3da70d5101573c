"""The index at an address: in memory, in a folder, or on a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from engine.errors import IndexUnavailable, InvalidInput
from engine.ports import VectorIndex
from engine.types import EncoderId

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

MEMORY = "memory:"
_SERVER = ("http://", "https://")
TIMEOUT_S = 30


def open_index(where: str, encoder_id: EncoderId, *, api_key: str = "") -> VectorIndex:
    """Open the index at an address, made when it is not there.

    Args:
        where: ``memory:``, the address of a Qdrant server such as ``http://localhost:6333`` or
            ``http://localhost:6333#collection``, or a folder.
        encoder_id: What makes the vectors.
        api_key: For the server.

    Raises:
        IndexMismatch: Another encoder or schema filled it.
        IndexLocked: Another process has the folder open.
        IndexUnavailable: The server does not answer, or the folder is damaged.
        InvalidInput: The address is empty, or the folder holds something else.
    """
    # Each adapter loads its library, the server's client for more than a second, so on demand.
    if where == MEMORY:
        from engine.index.memory import MemoryIndex

        return MemoryIndex(encoder_id.dims)
    if where.startswith(_SERVER):
        from engine.index.server import ServerIndex

        client, collection = _connect(where, api_key)
        return ServerIndex(client, encoder_id, collection=collection)
    from engine.index.edge import EdgeIndex

    return EdgeIndex(_folder(where), encoder_id)


def index_exists(where: str, encoder_id: EncoderId, *, api_key: str = "") -> bool:
    """Whether there is something at an address that `open_index` would open; nothing is made.

    Raises:
        IndexUnavailable: The server does not answer.
        InvalidInput: The address is empty.
    """
    if where == MEMORY:
        return False
    if where.startswith(_SERVER):
        from qdrant_client.http.exceptions import ApiException

        client, name = _connect(where, api_key)
        name = name or _collection_of(encoder_id)
        try:
            return client.collection_exists(name)
        except ApiException as error:
            raise IndexUnavailable(
                f"the server cannot be asked: {str(error).strip()[:300]}", where=name
            ) from error
        finally:
            client.close()
    path = _folder(where)
    return any(path.iterdir()) if path.is_dir() else path.exists()


def erase_index(where: str, encoder_id: EncoderId, *, api_key: str = "") -> None:
    """Remove everything from the index at an address, whatever filled it; absent is fine.

    Raises:
        IndexLocked: Another process has the folder open.
        IndexUnavailable: The server does not answer.
        InvalidInput: The address is empty, or the folder holds something else.
    """
    if where == MEMORY:
        return
    if where.startswith(_SERVER):
        from qdrant_client.http.exceptions import ApiException

        client, name = _connect(where, api_key)
        name = name or _collection_of(encoder_id)
        try:
            client.delete_collection(name)
        except ApiException as error:
            raise IndexUnavailable(
                f"the collection cannot be removed: {str(error).strip()[:300]}", where=name
            ) from error
        finally:
            client.close()
        return
    from engine.index.folder import IndexFolder

    path = _folder(where)
    if path.exists():
        folder = IndexFolder(path)
        try:
            folder.erase()
        finally:
            folder.release()


def _collection_of(encoder_id: EncoderId) -> str:
    from engine.index.manifest import IndexManifest
    from engine.index.server import collection_name

    return collection_name(IndexManifest(encoder=encoder_id))


def _folder(where: str) -> Path:
    if not where.strip() or "\0" in where:
        raise InvalidInput(
            f"index address is {where!r}",
            hint=f"Give a folder, {MEMORY} or the http:// address of a Qdrant server.",
            code="index.address",
        )
    return Path(where).expanduser()


def _connect(where: str, api_key: str) -> tuple[QdrantClient, str]:
    from qdrant_client import QdrantClient

    address, collection = urldefrag(where)
    client = QdrantClient(
        url=address, api_key=api_key or None, timeout=TIMEOUT_S, check_compatibility=False
    )
    return client, collection
