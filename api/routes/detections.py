"""``POST /v1/detections``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.convert import to_seen
from api.query_picture import decode_query
from api.routes.bodies import body_docs, file_of, is_form, open_form, read_json, request_of
from api.routes.responses import json_response
from api.schemas.detections import (
    DETECTIONS_EXAMPLE,
    MOST_PICTURES,
    DetectionsAnswer,
    DetectionsRequest,
)
from api.state import AppState, state_of
from engine.errors import InvalidInput, ModelUnavailable
from engine.ids import DEFAULT_TENANT, ProductId
from engine.types import ImageRGB

router = APIRouter(prefix="/v1", tags=["detections"])
_EXAMPLES = {
    "gallery": {"summary": "Pictures of one product", "value": DETECTIONS_EXAMPLE},
    "product": {"summary": "A product of the catalogue", "value": {"like": "P0001"}},
}


@router.post(
    "/detections",
    summary="Find garments in pictures",
    response_model=DetectionsAnswer,
    openapi_extra=body_docs(DetectionsRequest, file="picture", json_too=True, examples=_EXAMPLES),
)
async def detections(request: Request) -> Response:
    """Boxes, names, attributes, and which box is the product of a gallery.

    Takes JSON, or a form with the file `picture` and the JSON field `request`.
    """
    state = state_of(request)
    images: list[ImageRGB] = []
    if is_form(request):
        async with open_form(request, file="picture") as form:
            wanted = request_of(form, DetectionsRequest)
            data = await file_of(form, "picture").read()
        images.append(await state.pictures.run(decode_query, data))
    else:
        wanted = await read_json(request, DetectionsRequest)
    names, title = list(wanted.pictures), wanted.title
    if wanted.like:
        product = await state.pictures.run(
            state.container.search.product, ProductId(wanted.like), DEFAULT_TENANT
        )
        names += product.pictures[: MOST_PICTURES - len(names) - len(images)]
        title = title or product.title
    if not (names or images):
        raise InvalidInput(
            "no picture is named.",
            where="request",
            hint="Send a file as `picture`, ids in `pictures`, or a product in `like`.",
        )
    images += [await state.pictures.run(state.reference_picture, name) for name in names]
    return json_response(await _answer(state, images, title))


async def _answer(state: AppState, images: list[ImageRGB], title: str) -> DetectionsAnswer:
    service = state.container.look
    if service is None:
        raise ModelUnavailable(
            "this server runs without a detector.",
            where="detections",
            hint='Set detector = "yolo" in its settings.',
        )
    look = await state.searches.run(lambda: service.look(images, title=title))
    return to_seen(images, look, service.classes)
