"""The application: operations behind one router, in one document."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bezant.kernel.errors import Malformed, NotFound, Refusal
from bezant.kernel.http.answers import PROBLEM, headers_of, send_refusal
from bezant.kernel.http.authorization import Guard
from bezant.kernel.http.errors import MethodNotAllowed
from bezant.kernel.http.exchange import Exchanges, Observer
from bezant.kernel.http.openapi import add_operations
from bezant.kernel.http.operations import Gate, Operation
from bezant.kernel.http.streams import Streams
from bezant.kernel.ids import Ids


class Path:
    """The operations of one path, by method. HEAD is answered as GET without its body.

    Attributes:
        path: the template.
    """

    def __init__(self, gate: Gate, operations: Sequence[Operation]) -> None:
        self._gate = gate
        self.path = operations[0].path
        self._by_method = {operation.method: operation for operation in operations}
        assert len(self._by_method) == len(operations), f"a method twice: {operations[0].path}"
        if "GET" in self._by_method:
            self._by_method["HEAD"] = self._by_method["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        # Logs, metrics and traces read the template from here, as FastAPI's own routes leave it.
        scope["route"] = self
        operation = self._by_method.get(scope["method"])
        if operation is None:
            allowed = ", ".join(sorted(self._by_method))
            await send_refusal(send, MethodNotAllowed(f"This path takes {allowed}.", allow=allowed))
            return
        await operation.serve(self._gate, scope, receive, send)


def install(
    app: FastAPI,
    operations: Sequence[Operation],
    *,
    guard: Guard,
    ids: Ids,
    observe: Observer,
    streams: Streams | None = None,
) -> None:
    """Give an application its operations, its problem bodies and what happens around every request.

    Routes that FastAPI makes (health, documents) may be added before or after; `app` is made with
    `redirect_slashes=False`, since a redirect is an answer that no operation declares. `guard` is
    asked before every operation. `observe` is told of every finished exchange, and does not block.
    `streams` ends what never ends by itself.
    """
    assert not app.router.redirect_slashes
    gate = Gate(guard, ids, Streams() if streams is None else streams)
    by_path: dict[str, list[Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, []).append(operation)
    for path, on_path in by_path.items():
        app.router.routes.append(Route(path, Path(gate, on_path), include_in_schema=False))
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_middleware(Exchanges, ids=ids, observe=observe)

    of_fastapi = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = add_operations(of_fastapi(), operations)
        return app.openapi_schema

    # FastAPI's own way to extend the document; its type says that methods are not assigned.
    app.openapi = openapi  # type: ignore[method-assign]


async def _refusal(request: Request, refusal: Exception) -> Response:  # noqa: ARG001 - Starlette's shape
    assert isinstance(refusal, Refusal)
    response = Response(refusal.encode(), refusal.status)
    response.raw_headers += [(b"content-type", PROBLEM), *headers_of(refusal)]
    return response


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "")
        return await _refusal(
            request, MethodNotAllowed(f"This path takes {allowed}.", allow=allowed)
        )
    if error.status_code == HTTPStatus.NOT_FOUND:
        return await _refusal(request, NotFound("There is nothing under this path."))
    raise error


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # The location only: pydantic's messages repeat the value, which may be personal.
    field = ".".join(str(part) for part in error.errors()[0]["loc"][1:])
    return await _refusal(
        request, Malformed("The request is not of the declared shape.", field=field)
    )
