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
    """Boxes, coarse and fine classes, attributes, and which boxes show the product of a gallery.

    Takes JSON, or a form with the file `picture` and the JSON field `request`.
    """
    state = state_of(request)
    sent: bytes | None = None
    if is_form(request):
        async with open_form(request, file="picture") as form:
            wanted = request_of(form, DetectionsRequest)
            sent = await file_of(form, "picture").read()
    else:
        wanted = await read_json(request, DetectionsRequest)
    names, title = list(wanted.pictures), wanted.title
    if wanted.like:
        product = await state.pictures.run(
            state.container.search.product, ProductId(wanted.like), DEFAULT_TENANT
        )
        names += product.pictures[: max(0, MOST_PICTURES - len(names))]
        title = title or product.title
    if not (names or sent is not None):
        raise InvalidInput(
            "no picture is named.",
            where="request",
            hint="Send a file as `picture`, ids in `pictures`, or a product in `like`.",
        )
    return json_response(await state.looks.run(_answer, state, sent, names, title))


def _answer(state: AppState, sent: bytes | None, names: list[str], title: str) -> DetectionsAnswer:
    service = state.container.look
    if service is None:
        raise ModelUnavailable(
            "this server runs without a detector.",
            where="detections",
            hint='Set detector = "yolo" in its settings.',
        )
    # Decoded here, so that who waits holds no pixels.
    images = [] if sent is None else [decode_query(sent)]
    images += map(state.reference_picture, dict.fromkeys(names))
    look = service.look(images, title=title)
    return to_seen(images, look, service.classes)
