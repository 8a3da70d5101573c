"""Pictures: uploads that expire, and served copies."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from api.renditions import MEDIA_TYPE
from api.routes.bodies import file_of, open_form
from api.routes.responses import json_response
from api.schemas.pictures import UploadAnswer
from api.state import state_of

router = APIRouter(prefix="/v1/pictures", tags=["pictures"])
_YEAR_S = 31_536_000
_UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"picture": {"type": "string", "format": "binary"}},
                    "required": ["picture"],
                }
            }
        },
    }
}


@router.post(
    "",
    summary="Upload a query picture",
    status_code=201,
    response_model=UploadAnswer,
    openapi_extra=_UPLOAD_BODY,
)
async def upload(request: Request) -> Response:
    """Keep a picture, for a day by default, under an id that `picture` of a search takes.

    Camera data and place are dropped: what is kept is our own re-encode of at most 1600 px.
    """
    state = state_of(request)
    async with open_form(request, file="picture") as form:
        data = await file_of(form, "picture").read()
    taken = await state.pictures.run(state.container.uploads.put, data)
    url = f"/v1/pictures/{taken.picture_id}"
    answer = UploadAnswer(
        picture=taken.picture_id,
        url=url,
        width_px=taken.size_wh[0],
        height_px=taken.size_wh[1],
        expires_at=taken.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return json_response(answer, status=201, headers={"Location": url})


@router.get(
    "/{picture}",
    summary="A served copy of a picture",
    response_class=Response,
    responses={
        200: {
            "content": {MEDIA_TYPE: {"example": "RIFF…WEBP"}},
            "description": "The picture, re-encoded.",
        }
    },
)
async def picture(
    request: Request,
    picture: Annotated[
        str,
        Path(
            max_length=80,
            description="Hash of a catalogue picture, or an upload's id.",
            examples=["9f2c7d0a" * 8],
        ),
    ],
    width: Annotated[
        Literal["160", "320", "640"],
        Query(description="Width in pixels at most.", examples=["320"]),
    ] = "320",
) -> Response:
    """Our own re-encode, never the file as it came."""
    state = state_of(request)
    is_upload = picture.startswith("upload:")
    width_px = int(width)
    etag = f'"{picture}-{width_px}"'
    # An upload may expire, so each use asks; what is in a catalogue never changes under its hash.
    keep = "private, no-cache" if is_upload else f"public, max-age={_YEAR_S}, immutable"
    headers = {
        "Cache-Control": keep,
        "ETag": etag,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if is_upload:
        await state.pictures.run(state.picture_bytes, picture)
    data = state.renditions.held(picture, width_px)
    if data is None:
        data = await state.pictures.run(
            state.renditions.make, picture, width_px, state.picture_bytes
        )
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=MEDIA_TYPE, headers=headers)
