"""What a person finds who opens the address of the API, or that of an error (RFC 9457, 3.1.1).

A browser gets a page, everybody else JSON. A page has neither style nor script, so that its policy
can forbid everything.
"""

from collections.abc import Iterable, Mapping
from html import escape
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel
from starlette.requests import Request

from bezant.kernel.errors import NotFound, Refusal
from bezant.kernel.http.openapi import summary_of

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Accept",
}

_CODE: Final = {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{0,63}$"}
_PROBLEM: Final = {
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
}


class Entrance(BaseModel):
    """What is served here, and where more is told.

    Attributes:
        name: of the service.
        openapi: the document of all routes, in which each says what it answers.
        errors: what a `type` of an answer that declines points at.
        guides: where the guides are that come with the source.
    """

    name: str
    version: str
    openapi: str = "/openapi.json"
    errors: str = "/errors/{code}"
    live: str = "/health/live"
    ready: str = "/health/ready"
    guides: str = "docs/guides"


class ErrorMeaning(BaseModel):
    """What a code means.

    Attributes:
        status: of the answers that carry it.
        meaning: a sentence.
    """

    code: str
    status: int
    title: str
    meaning: str


def add_people(app: FastAPI) -> None:
    """Add `/` and `/errors/{code}`, which ask for no credential and tell of nobody's data."""
    router = APIRouter(tags=["operations"])
    answers: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}}}

    async def entrance(request: Request) -> Response:
        shown = Entrance(name=app.title, version=app.version)
        facts = {"OpenAPI": shown.openapi, "Errors": shown.errors, "Live": shown.live}
        facts |= {"Ready": shown.ready, "Guides, in the source": shown.guides}
        title = f"{shown.name} {shown.version}"
        return _answer(request, shown, title, "The API of this platform.", facts)

    async def error(request: Request) -> Response:
        code = request.path_params["code"]
        refusal = _known().get(code)
        if refusal is None:
            raise NotFound("There is no such code.")
        shown = ErrorMeaning(
            code=code, status=refusal.status, title=refusal.title, meaning=summary_of(refusal)
        )
        status = f"{shown.status} {HTTPStatus(shown.status).phrase}"
        return _answer(request, shown, f"{code}: {shown.title}", shown.meaning, {"Status": status})

    router.add_api_route(
        "/",
        entrance,
        operation_id="entrance",
        summary="What this is, and where its documents are",
        response_model=Entrance,
        responses=answers,
    )
    router.add_api_route(
        "/errors/{code}",
        error,
        operation_id="explain_error",
        summary="What a code of an answer means",
        response_model=ErrorMeaning,
        responses={
            **answers,
            404: {**_PROBLEM, "description": "There is no such code"},
        },
        # Read from the path as it is: what fits no code is none.
        openapi_extra={
            "parameters": [{"name": "code", "in": "path", "required": True, "schema": _CODE}]
        },
    )
    app.include_router(router)


def _known() -> dict[str, type[Refusal]]:
    """Every refusal that this process can answer, by its code."""
    return {each.code: each for each in _descendants(Refusal) if "code" in vars(each)}


def _descendants(parent: type[Refusal]) -> Iterable[type[Refusal]]:
    for child in parent.__subclasses__():
        yield child
        yield from _descendants(child)


def _answer(
    request: Request, shown: BaseModel, title: str, text: str, facts: Mapping[str, str]
) -> Response:
    if not _is_browser(request):
        return JSONResponse(shown.model_dump(), headers=dict(HEADERS))
    return HTMLResponse(_page(title, text, facts), headers=dict(HEADERS))


def _is_browser(request: Request) -> bool:
    """Whether a page is preferred: browsers name HTML first, and programs never do."""
    first = request.headers.get("Accept", "").partition(",")[0]
    return first.partition(";")[0].strip().lower() == "text/html"


def _page(title: str, text: str, facts: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(name)}<dd>{_shown(fact)}" for name, fact in facts.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(text)}</p>"
        f"<dl>{rows}</dl></html>"
    )


def _shown(fact: str) -> str:
    shown = escape(fact)
    is_address = fact.startswith("/") and "{" not in fact
    return f'<a href="{shown}">{shown}</a>' if is_address else shown
