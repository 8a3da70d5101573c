"""Deterministic identifiers: the same feed gives the same ids on every machine."""

from __future__ import annotations

import functools
import hashlib
import uuid
from typing import NewType

ProductId = NewType("ProductId", str)
TenantId = NewType("TenantId", str)
PointId = NewType("PointId", str)
"""UUID in its canonical text form."""
PictureHash = NewType("PictureHash", str)
"""SHA-256 of the encoded picture bytes, as hex."""

DEFAULT_TENANT = TenantId("default")
_NAMESPACE = uuid.UUID("6c1f2f5e-5d0c-5b0e-9a53-0f6f3f1c7d11")


@functools.lru_cache(maxsize=4096)  # a search asks several times for the products that it names
def point_id(tenant: TenantId, product_id: ProductId) -> PointId:
    """UUIDv5 of tenant and product; a NUL between them keeps ("a", "bc") and ("ab", "c") apart."""
    return PointId(str(uuid.uuid5(_NAMESPACE, f"{tenant}\0{product_id}")))


def picture_hash(data: bytes) -> PictureHash:
    """SHA-256 of encoded picture bytes."""
    return PictureHash(hashlib.sha256(data).hexdigest())
