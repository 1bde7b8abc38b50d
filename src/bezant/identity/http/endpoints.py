"""Protocol endpoints: declared once, served below each tenant's issuer.

They follow the standards that clients were written against: form bodies, the errors of OAuth, no
`Idempotency-Key`. What must happen once happens once by the standards' own means (codes, `jti`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bezant.identity.http.answers import ProtocolAnswer
from bezant.identity.http.errors import OAuthError, oauth_error
from bezant.identity.http.requests import Body, ProtocolRequest
from bezant.identity.issuers import Endpoint, Issuer, Issuers
from bezant.kernel.errors import NotFound, Refusal, Unavailable
from bezant.kernel.http import MethodNotAllowed, headers_of, send_refusal

if TYPE_CHECKING:
    from fastapi import FastAPI

ISSUER_PATH: Final = "/id/{tenant}"
REQUEST_SECONDS_MAX: Final = 30.0

Handler = Callable[[ProtocolRequest], Awaitable[ProtocolAnswer]]


@dataclass(frozen=True, kw_only=True)
class ProtocolEndpoint:
    """One method of one path.

    Attributes:
        id: the OpenAPI `operationId`, snake case.
        method: in capitals.
        endpoint: below the issuer's URL; instead of `path`.
        path: a template with `{tenant}` in it, such as `/id/{tenant}/grants/{grant}`.
        takes: what its bodies are.
        takes_jwt: whether they may be a signed token instead.
        media_type: what it answers, when it does.
    """

    id: str
    method: str
    summary: str
    handler: Handler
    endpoint: Endpoint | None = None
    path: str = ""
    takes: Body = Body.FORM
    takes_jwt: bool = False
    media_type: str = "application/json"

    def __post_init__(self) -> None:
        assert (self.endpoint is None) == bool(self.path)
        if self.endpoint is not None:
            object.__setattr__(self, "path", f"{ISSUER_PATH}/{self.endpoint}")
        assert "{tenant}" in self.path

    async def answer(self, issuer: Issuer, scope: Scope, receive: Receive) -> ProtocolAnswer:
        """Answer one request; refusals are answers."""
        limit = asyncio.timeout(REQUEST_SECONDS_MAX)
        takes = (self.takes, Body.JWT) if self.takes_jwt else (self.takes,)
        try:
            async with limit:
                request = await ProtocolRequest.read(issuer, scope, receive, *takes)
                return await self.handler(request)
        except OAuthError as error:
            return ProtocolAnswer.error(error)
        except Refusal as refusal:
            return _declined(refusal)
        except TimeoutError:
            if not limit.expired():
                raise  # somebody else's clock: a fault, not an answer
            return _declined(Unavailable(f"No answer within {REQUEST_SECONDS_MAX:.0f} s."))


class _Path:
    """The endpoints of one path, by method. HEAD is answered as GET without its body.

    Attributes:
        path: the template, for logs and metrics.
    """

    def __init__(self, endpoints: Sequence[ProtocolEndpoint], issuers: Issuers) -> None:
        self._issuers = issuers
        self.path = endpoints[0].path
        self._by_method = {endpoint.method: endpoint for endpoint in endpoints}
        assert len(self._by_method) == len(endpoints), f"a method twice: {self.path}"
        if "GET" in self._by_method:
            self._by_method["HEAD"] = self._by_method["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope["route"] = self
        with_body = scope["method"] != "HEAD"
        endpoint = self._by_method.get(scope["method"])
        if endpoint is None:
            allowed = ", ".join(sorted(self._by_method))
            await send_refusal(send, MethodNotAllowed(f"This path takes {allowed}.", allow=allowed))
            return
        try:
            issuer = await self._issuers.find(_tenant(scope))
        except Refusal as refusal:
            await send_refusal(send, refusal, with_body=with_body)
            return
        answer = await endpoint.answer(issuer, scope, receive)
        await _send(send, answer, with_body=with_body)


def protocol_routes(endpoints: Sequence[ProtocolEndpoint], issuers: Issuers) -> list[Route]:
    """The routes of endpoints, each path once."""
    by_path: dict[str, list[ProtocolEndpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, []).append(endpoint)
    return [
        Route(path, _Path(on_path, issuers), include_in_schema=False)
        for path, on_path in by_path.items()
    ]


def add_protocol(app: "FastAPI", endpoints: Sequence[ProtocolEndpoint], issuers: Issuers) -> None:
    """Give an application its protocol endpoints, and its document their paths."""
    app.router.routes.extend(protocol_routes(endpoints, issuers))
    without = app.openapi

    def openapi() -> dict[str, Any]:
        document = without()
        for endpoint in endpoints:
            on_path = document["paths"].setdefault(endpoint.path, {})
            on_path[endpoint.method.lower()] = _described(endpoint)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _tenant(scope: Scope) -> UUID:
    text = scope["path_params"]["tenant"]
    try:
        tenant_id = UUID(text)
    except ValueError:
        raise NotFound("There is nothing under this path.") from None
    if str(tenant_id) != text:
        # An issuer is compared as text: it has one spelling.
        raise NotFound("There is nothing under this path.")
    return tenant_id


def _declined(refusal: Refusal) -> ProtocolAnswer:
    error = oauth_error(refusal)
    return ProtocolAnswer.error(
        OAuthError(error.error, error.description, error.status, headers_of(refusal))
    )


async def _send(send: Send, answer: ProtocolAnswer, *, with_body: bool) -> None:
    headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
    if answer.media_type is not None:
        headers.append((b"content-type", answer.media_type))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body if with_body else b""})


def _described(endpoint: ProtocolEndpoint) -> dict[str, Any]:
    names = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    text = {"type": "string"}
    described: dict[str, Any] = {
        "operationId": endpoint.id,
        "tags": ["Identity"],
        "summary": endpoint.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": text} for name in names
        ],
        "responses": {
            "2XX": {"description": "OK", "content": {endpoint.media_type: {}}},
            "3XX": {"description": "The browser is sent elsewhere."},
            "4XX": {"description": "Declined, in the words of RFC 6749, section 5.2."},
            "503": {"description": "Temporarily unavailable."},
        },
    }
    if endpoint.method != "GET":
        content = {endpoint.takes: {"schema": {"type": "object"}}}
        if endpoint.takes_jwt:
            content[Body.JWT] = {"schema": {"type": "string"}}
        described["requestBody"] = {"content": content}
    return described
