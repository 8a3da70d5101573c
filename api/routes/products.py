"""``GET /v1/products/{id}`` and what is similar to it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.convert import to_answer, to_product
from api.routes.responses import json_response
from api.schemas.products import ProductOut
from api.schemas.search import SearchAnswer
from api.state import state_of
from engine.ids import DEFAULT_TENANT, ProductId
from engine.types import SearchQuery

router = APIRouter(prefix="/v1/products", tags=["products"])
ProductIdPath = Annotated[
    str, Path(min_length=1, max_length=255, description="Id in the feed.", examples=["P0001"])
]


# Ids may hold slashes, so `similar` is matched first and the rest of the path is the id.
@router.get(
    "/{product_id:path}/similar", summary="Products like this one", response_model=SearchAnswer
)
async def similar(
    request: Request,
    product_id: ProductIdPath,
    limit: Annotated[int, Query(ge=1, le=100, examples=[12])] = 24,
    cursor: Annotated[str, Query(max_length=2_000)] = "",
) -> Response:
    """Products that look like this one, best first."""
    state = state_of(request)
    query = SearchQuery(like=ProductId(product_id), limit=limit, cursor=cursor)
    result = await state.searches.run(lambda: state.container.search.search(query))
    return json_response(to_answer(result))


@router.get("/{product_id:path}", summary="One product", response_model=ProductOut)
async def product(request: Request, product_id: ProductIdPath) -> Response:
    """A product with its attributes and pictures."""
    state = state_of(request)
    found = await state.searches.run(
        lambda: state.container.search.product(ProductId(product_id), DEFAULT_TENANT)
    )
    return json_response(to_product(found))
