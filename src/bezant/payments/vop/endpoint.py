"""The scheme's API, as other banks call it: its path, headers and errors.

It takes the credentials that the rest of the API takes: a key, or a token that is bound to the
bank's client certificate. Every answer takes as long as every other, whether there is such an
account or not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bezant.kernel.calls import Call, Principal
from bezant.kernel.clock import Clock
from bezant.kernel.errors import Malformed, Refusal
from bezant.kernel.http import (
    Action,
    BodyDecoder,
    Guard,
    Headers,
    MethodNotAllowed,
    headers_of,
    read_body,
)
from bezant.kernel.ids import Ids
from bezant.payments.vop.answering import PayeeAnswers
from bezant.payments.vop.own import PURPOSE
from bezant.payments.vop.scheme import ANSWERED_AT, PATH, REQUEST_ID, Problem, Request

if TYPE_CHECKING:
    from fastapi import FastAPI

SCOPE: Final = "payees:answer"
TAG: Final = "Schemes"

ANSWER_SECONDS: Final = 0.25
"""How long an answer takes at the least: longer than finding an account and opening its names."""

_ACTION: Final = Action("answer_payee_verification", SCOPE, changes=True)
_BODY_BYTES_MAX: Final = 16 << 10

_CODES: Final = {
    HTTPStatus.UNAUTHORIZED: "CLIENT_INVALID",
    HTTPStatus.FORBIDDEN: "CLIENT_INCONSISTENT",
}
_FORMAT: Final = "FORMAT_ERROR"
_INTERNAL: Final = "INTERNAL_SERVER_ERROR"

# Identifiers of companies may look like card numbers; nothing of the body is stored.
_DECODER: Final = BodyDecoder(Request, takes_card_numbers=True)

Pause = Callable[[float], Awaitable[None]]
Answered = tuple[int, bytes, Sequence[tuple[bytes, bytes]]]


class SchemeEndpoint:
    """`POST /vop/v1/payee-verifications`.

    Attributes:
        path: for logs and metrics.

    Args:
        answers: about our accounts.
        guard: admits banks.
        pause: waits for some seconds.
    """

    path: Final = PATH

    def __init__(
        self,
        answers: PayeeAnswers,
        guard: Guard,
        clock: Clock,
        ids: Ids,
        *,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._answers = answers
        self._guard = guard
        self._clock = clock
        self._ids = ids
        self._pause = pause

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope["route"] = self
        began = monotonic()
        try:
            answered = await self._answer(scope, receive)
        except Refusal as refusal:
            answered = _declined(refusal)
        else:
            await self._pause(max(0.0, began + ANSWER_SECONDS - monotonic()))
        status, body, headers = answered
        fixed = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (ANSWERED_AT.lower().encode(), self._now()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answered:
        if scope["method"] != "POST":
            raise MethodNotAllowed("This path takes POST.", allow="POST")
        principal = (await self._guard.admit(scope, _ACTION)).principal
        headers = Headers(scope["headers"])
        # The exchange echoes it with every answer.
        request_id = _request_id(headers)
        body = await read_body(receive, headers.one(b"content-length"), bytes_max=_BODY_BYTES_MAX)
        asked = _DECODER.decode(body)
        response = await self._answers.answer(self._call(principal), request_id, asked)
        return HTTPStatus.OK, msgspec.json.encode(response), ()

    def _call(self, principal: Principal) -> Call:
        return Call(
            id=self._ids.new(),
            tenant_id=principal.tenant_id,
            actor=principal.actor,
            action="payee_verification.answer",
            resource=PATH,
            origin="http",
            purpose=PURPOSE,
            through=principal.through,
        )

    def _now(self) -> bytes:
        stamp = self._clock.now().astimezone(UTC).isoformat(timespec="milliseconds")
        return stamp.replace("+00:00", "Z").encode()


def add_payee_scheme(app: "FastAPI", endpoint: SchemeEndpoint) -> None:
    """Give an application the scheme's path, in its document too."""
    app.router.routes.append(Route(PATH, endpoint, include_in_schema=False))
    without = app.openapi

    def openapi() -> dict[str, Any]:
        document = without()
        document["paths"][PATH] = {"post": _DESCRIBED}
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _request_id(headers: Headers) -> UUID:
    value = headers.one(REQUEST_ID.lower().encode()) or b""
    try:
        return UUID(value.decode("ascii"))
    except ValueError:
        raise Malformed(f"{REQUEST_ID} takes a UUID.", field=REQUEST_ID) from None


def _declined(refusal: Refusal) -> Answered:
    """An error in the scheme's form. The platform's own code is told in its type."""
    of_server = refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    code = _CODES.get(HTTPStatus(refusal.status), _INTERNAL if of_server else _FORMAT)
    problem = Problem(
        f"/errors/{refusal.code}", code, refusal.title, refusal.status, refusal.detail
    )
    return refusal.status, msgspec.json.encode(problem), headers_of(refusal)


_DESCRIBED: Final = {
    "operationId": "answer_payee_verification",
    "tags": [TAG],
    "summary": "Answer another bank whether a name belongs to an account here",
    "security": [{"apiKey": [SCOPE]}],
    "parameters": [
        {
            "name": REQUEST_ID,
            "in": "header",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
        }
    ],
    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
    "responses": {
        "200": {"description": "A result.", "content": {"application/json": {}}},
        **{
            str(status): {"description": "Declined, in the words of the scheme."}
            for status in (400, 401, 403, 405, 408, 413, 429)
        },
        "503": {"description": "Temporarily unavailable."},
    },
}
