"""The route, which a browser may open: it asks for the API key as a password."""

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request
from starlette.types import Scope

from bezant.kernel.errors import Unauthenticated
from bezant.kernel.http import Action, Guard, RateLimited
from bezant.server.status.page import STYLE_HASH, page
from bezant.server.status.readings import Readings

REFRESH_S: Final = 5

_SCOPE: Final = "metrics:read"
_ACTION: Final = Action("status", _SCOPE)
_BASIC: Final = b"basic "
_HEADERS: Final[Mapping[str, str]] = {
    # Its own style, and nothing else: no script, no image, no form, no frame, from nowhere.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "Refresh": str(REFRESH_S),
}
_PROBLEM: Final = {
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
}


def add_status(app: FastAPI, guard: Guard) -> None:
    """Add `/status`, which takes an API key as `/metrics` does, or as the password of Basic."""
    router = APIRouter(tags=["operations"])
    readings = Readings()

    async def status(request: Request) -> Response:
        try:
            await guard.admit(_with_bearer(request.scope), _ACTION)
        except Unauthenticated as refusal:
            answer = Response(refusal.encode(), refusal.status)
            # Both, so that a browser asks for the key, and a program sees what `/metrics` tells it.
            answer.raw_headers += [
                (b"content-type", b"application/problem+json"),
                (
                    b"www-authenticate",
                    b'Basic realm="bezant: API key as password", charset="UTF-8"',
                ),
                (b"www-authenticate", b'Bearer realm="bezant"'),
            ]
            return answer
        return HTMLResponse(page(await readings.read(), REFRESH_S), headers=_HEADERS)

    router.add_api_route(
        "/status",
        status,
        operation_id="status",
        summary="The figures of the metrics, as a page for people",
        description=(
            "Also takes HTTP Basic, with any name and the API key as password, so that a browser"
            " can open it."
        ),
        response_class=HTMLResponse,
        responses={
            200: {"description": "Figures of the last seconds, over all workers"},
            401: {**_PROBLEM, "description": "Authentication is required"},
            403: {**_PROBLEM, "description": "The credential does not grant this action"},
            429: {**_PROBLEM, "description": RateLimited.title},
            503: {**_PROBLEM, "description": "Temporarily unavailable"},
        },
        openapi_extra={"security": [{"apiKey": [_SCOPE]}]},
    )
    app.include_router(router)


def _with_bearer(scope: Scope) -> Scope:
    """The request with its Basic credential (RFC 7617) as a bearer token, if it has just that."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    values = [value for name, value in headers if name == b"authorization"]
    if len(values) != 1 or values[0][: len(_BASIC)].lower() != _BASIC:
        return scope
    try:
        pair = base64.b64decode(values[0][len(_BASIC) :].strip(), validate=True)
    except binascii.Error:
        return scope  # no credential that anybody knows
    others = [header for header in headers if header[0] != b"authorization"]
    bearer = (b"authorization", b"Bearer " + pair.partition(b":")[2])
    return {**scope, "headers": [*others, bearer]}
