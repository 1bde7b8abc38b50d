"""Answers that are files: whole, in pieces, and closed however they end."""

import asyncio
from io import BytesIO
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from bezant.kernel.http import (
    Document,
    DocumentOperation,
    Guard,
    Nothing,
    Reading,
    ScopeAuthorizer,
    documents,
    install,
)
from bezant.kernel.ids import TimeOrderedIds
from fixtures_notes import FULL, Found, Keyring, Search

CONTENT = bytes(range(256)) * 5


class Shelf:
    """Gives out a file, and what was asked for as JSON."""

    def __init__(self) -> None:
        self.files: list[BytesIO] = []

    async def take(self, asked: Reading[Nothing, Search]) -> Document | Found:
        if asked.query.word is None:
            return Found(asked.query.limit, None)
        self.files.append(BytesIO(CONTENT))
        return Document(
            200,
            b"",
            file=self.files[-1],
            size=len(CONTENT),
            media_type=asked.query.word,
            name="notes.bin",
        )

    def operation(self) -> DocumentOperation[Nothing, Search]:
        return DocumentOperation(
            id="take_file",
            path="/v1/file",
            tag="notes",
            summary="A file",
            scope="notes:read",
            query_type=Search,
            answer_type=Found,
            media={"text/plain": "All notes."},
            handler=self.take,
        )


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def app(shelf: Shelf) -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    install(
        app,
        [shelf.operation()],
        guard=Guard(Keyring(), ScopeAuthorizer()),
        ids=TimeOrderedIds(),
        observe=lambda _: None,
    )
    return app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="https://notes.test",
        headers={"Authorization": f"Bearer {FULL}"},
    )


async def test_a_file_is_sent_in_pieces_and_closed(
    app: FastAPI, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "PIECE_BYTES", 100)
    async with client_of(app) as client:
        answer = await client.get("/v1/file?word=text/plain;%20charset=utf-8")
        assert answer.content == CONTENT
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["content-length"] == str(len(CONTENT))
        assert answer.headers["content-disposition"] == 'attachment; filename="notes.bin"'
        assert answer.headers["cache-control"] == "no-store"
        head = await client.head("/v1/file?word=text/plain")
        assert (head.content, head.headers["content-length"]) == (b"", str(len(CONTENT)))
        assert (await client.get("/v1/file?limit=3")).json() == {"limit": 3, "word": None}
    assert [file.closed for file in shelf.files] == [True, True]


async def test_a_kind_that_is_not_declared_is_a_fault(app: FastAPI) -> None:
    async with client_of(app) as client:
        assert (await client.get("/v1/file?word=text/html")).status_code == 500


async def test_who_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "STALLED_S_MAX", 0.01)
    cut: list[bool] = []
    file = BytesIO(CONTENT)
    document = Document(200, b"", file=file, size=len(CONTENT), media_type="text/plain", name="a")
    taken: list[Message] = []

    async def send(message: Message) -> None:
        taken.append(message)
        if message["type"] == "http.response.body":
            await never.wait()

    never = asyncio.Event()
    scope: dict[str, Any] = {"bezant.abort": lambda: cut.append(True)}
    await documents.send_document(scope, send, document, with_body=True)
    assert cut == [True]
    assert file.closed
    assert [message["type"] for message in taken] == ["http.response.start", "http.response.body"]


async def test_the_document_tells_what_kinds_there_are(app: FastAPI) -> None:
    content = app.openapi()["paths"]["/v1/file"]["get"]["responses"]["200"]
    assert set(content["content"]) == {"application/json", "text/plain"}
    assert "Content-Disposition" in content["headers"]
