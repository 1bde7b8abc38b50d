"""`Bezant-Read-After`: what a caller has seen, on those reads that may be answered by a replica."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from bezant.kernel.http import Guard, Nothing, Reading, ReadOperation, ScopeAuthorizer, install
from bezant.kernel.ids import TimeOrderedIds
from fixtures_notes import FULL, Found, Keyring, Notes, Search

HEADER = "Bezant-Read-After"


@pytest.fixture
def app() -> FastAPI:
    """A search that may be a replica's, which finds what its caller says to have seen."""

    async def seen(asked: Reading[Nothing, Search]) -> Found:
        return Found(-1 if asked.read_after is None else asked.read_after, None)

    [_, search, _] = Notes().operations()
    assert isinstance(search, ReadOperation)
    anywhere = replace(search, handler=seen, is_replicated=True)
    newest = replace(search, handler=seen, id="newest", path="/v1/newest")
    app = FastAPI(redirect_slashes=False)
    install(
        app,
        [anywhere, newest],
        guard=Guard(Keyring(), ScopeAuthorizer()),
        ids=TimeOrderedIds(),
        observe=lambda _: None,
    )
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="https://notes.test",
        headers={"Authorization": f"Bearer {FULL}"},
    ) as client:
        yield client


@pytest.mark.parametrize(("text", "seq"), [("0", 0), ("17", 17), ("9" * 18, 10**18 - 1)])
async def test_a_seq_is_handed_to_the_read(client: httpx.AsyncClient, text: str, seq: int) -> None:
    assert (await client.get("/v1/notes", headers={HEADER: text})).json()["limit"] == seq


async def test_without_it_nothing_is_taken_to_have_been_seen(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/notes")).json()["limit"] == -1


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1e3", "0x1", "1 2", "1,2", "9" * 19])
async def test_what_is_no_seq_is_a_400(client: httpx.AsyncClient, text: str) -> None:
    answer = await client.get("/v1/notes", headers={HEADER: text})
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED")


async def test_digits_of_other_scripts_are_no_seq(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/notes", headers=[(HEADER.encode(), "١٢".encode())])
    assert answer.status_code == 400


async def test_two_are_a_400(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/notes", headers=[(HEADER, "1"), (HEADER, "2")])
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED")


async def test_a_read_that_no_replica_answers_takes_no_notice_of_it(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/v1/newest", headers={HEADER: "none"})
    assert (answer.status_code, answer.json()["limit"]) == (200, -1)


def test_the_document_declares_it_where_it_is_taken(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    declared = {
        path: [each["name"] for each in methods["get"]["parameters"] if each["in"] == "header"]
        for path, methods in paths.items()
    }
    assert declared == {"/v1/notes": [HEADER], "/v1/newest": []}
