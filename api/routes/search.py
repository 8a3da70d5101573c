"""``POST /v1/search`` and ``GET /v1/facets``."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.convert import to_answer, to_facets, to_query
from api.query_picture import decode_query, part_of
from api.routes.bodies import body_docs, file_of, is_form, open_form, read_json, request_of
from api.routes.responses import json_response
from api.schemas.search import (
    MAX_FACETS,
    SEARCH_EXAMPLE,
    FacetsAnswer,
    FilterText,
    SearchAnswer,
    SearchRequest,
)
from api.state import AppState, state_of
from engine.errors import InvalidInput, LookalikeError
from engine.filter_text import parse_filter
from engine.ids import DEFAULT_TENANT
from engine.types import Facet, SearchQuery

router = APIRouter(prefix="/v1", tags=["search"])
_EXAMPLES = {
    "composed": {"summary": "Like this product, but …", "value": SEARCH_EXAMPLE},
    "words": {"summary": "In words", "value": {"q": "red summer dress under 40", "limit": 12}},
    "picture": {
        "summary": "Like an uploaded picture",
        "value": {"picture": "upload:0b6f4c1e8d2a4f7d9a3e5c7b1f2d4e6a", "modify": "but red"},
    },
}


@router.post(
    "/search",
    summary="Search by words, picture, product and change",
    response_model=SearchAnswer,
    openapi_extra=body_docs(SearchRequest, file="picture", json_too=True, examples=_EXAMPLES),
)
async def search(request: Request) -> Response:
    """Products like a picture or a product, with what should be different.

    Takes JSON, or a form with the file `picture` and the JSON field `request`.
    """
    state = state_of(request)
    if is_form(request):
        async with open_form(request, file="picture") as form:
            wanted = request_of(form, SearchRequest)
            data = await file_of(form, "picture").read()
        if wanted.picture:
            raise InvalidInput(
                "a picture is sent and another one is named.",
                where="request.picture",
                hint="Leave one of them out.",
            )
    else:
        wanted, data = await read_json(request, SearchRequest), None
    query = to_query(wanted)
    if data is not None:
        image = await state.pictures.run(decode_query, data)
        query = replace(query, picture=part_of(image, wanted.box))
    elif wanted.picture:
        image = await state.pictures.run(state.reference_picture, wanted.picture)
        query = replace(query, picture=part_of(image, wanted.box))
    elif wanted.box or wanted.shows:
        raise InvalidInput(
            "`box` and `shows` tell of a picture, and there is none in `picture`.",
            where="request.box" if wanted.box else "request.shows",
            hint="Name the picture, or leave it out.",
        )
    return json_response(await _answer(state, query))


@router.get("/facets", summary="Count facet values", response_model=FacetsAnswer)
async def facets(
    request: Request,
    names: Annotated[
        list[Facet],
        Query(max_length=MAX_FACETS, description="Which facets.", examples=[["colour", "type"]]),
    ],
    filter: Annotated[
        FilterText, Query(description="Hard filter.", examples=['type = "dress"'])
    ] = "",
) -> Response:
    """How many products have each value, among those that pass the filter."""
    state = state_of(request)
    condition = parse_filter(filter) if filter else None
    counts = await state.searches.run(
        lambda: state.container.search.facets(names, condition, DEFAULT_TENANT)
    )
    return json_response(FacetsAnswer(facets=to_facets(counts)))


async def _answer(state: AppState, query: SearchQuery) -> SearchAnswer:
    start = time.perf_counter()
    try:
        result = await state.searches.run(lambda: state.container.search.search(query))
    except LookalikeError as error:
        seconds = time.perf_counter() - start
        state.metrics.on_search_error(query, seconds=seconds, code=error.code)
        raise
    state.metrics.on_search(
        query,
        seconds=time.perf_counter() - start,
        timings_ms=result.timings_ms,
        hits=len(result.hits),
    )
    return to_answer(result)
