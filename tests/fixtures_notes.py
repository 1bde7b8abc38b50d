"""A small application over the HTTP layer: notes in memory, replayed as the ledger does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from msgspec import Meta, Struct

from bezant.kernel.calls import Answer, Call, Principal
from bezant.kernel.errors import Busy, NotFound, Unauthenticated
from bezant.kernel.http import (
    Credentials,
    Exchange,
    Guard,
    Nothing,
    Operation,
    Reading,
    ReadOperation,
    ScopeAuthorizer,
    WriteOperation,
    Writing,
    install,
)
from bezant.kernel.http.operations import REQUEST_SECONDS_MAX
from bezant.kernel.ids import TimeOrderedIds

TENANT = UUID(int=1)
READ_ONLY, FULL = "read-only", "full"
BODY_BYTES_MAX = 16_384


class Mood(Struct, frozen=True, forbid_unknown_fields=True):
    amount: Annotated[str, Meta(pattern="^[1-9][0-9]*$")]


class NewNote(Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(max_length=500)]
    moods: list[Mood] = []
    at: Annotated[datetime, Meta(tz=True)] | None = None
    labels: dict[str, str] = {}


class Note(Struct, frozen=True):
    id: UUID
    text: str


class NotePath(Struct, frozen=True):
    note: UUID


class Search(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    word: str | None = None


class Found(Struct, frozen=True):
    limit: int
    word: str | None


class Keyring:
    async def authenticate(self, credentials: Credentials) -> Principal:
        token = credentials.token
        scopes = {READ_ONLY: {"notes:read"}, FULL: {"notes:read", "notes:write"}}.get(token)
        if scopes is None:
            raise Unauthenticated("The API key is not valid.")
        return Principal(TENANT, f"key:{token}", frozenset(scopes))


@dataclass
class Notes:
    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    seconds_max: float = REQUEST_SECONDS_MAX

    async def write(self, asked: Writing[Nothing, NewNote]) -> Answer:
        key = asked.call.idempotency_key
        assert key is not None
        if key in self.answers:
            return Answer(201, self.answers[key].body, is_replay=True)
        if asked.body.text == "be busy":
            raise Busy("The queue is full.", retry_after_s=7)
        if asked.body.text == "break":
            raise RuntimeError("secret: the vault's door is open")
        self.calls.append(asked.call)
        self.answers[key] = Answer.of(Note(asked.call.id, asked.body.text), 201)
        return self.answers[key]

    async def search(self, asked: Reading[Nothing, Search]) -> Found:
        return Found(asked.query.limit, asked.query.word)

    async def read(self, asked: Reading[NotePath, Nothing]) -> Note:
        if asked.path.note != UUID(int=7):
            raise NotFound("No such note.")
        return Note(asked.path.note, "seven")

    def operations(self) -> list[Operation]:
        return [
            WriteOperation(
                id="write_note",
                path="/v1/notes",
                tag="notes",
                summary="Write a note",
                scope="notes:write",
                action="note.write",
                body_type=NewNote,
                body_bytes_max=BODY_BYTES_MAX,
                example={"text": "hello"},
                status=201,
                answer_type=Note,
                handler=self.write,
                seconds_max=self.seconds_max,
            ),
            ReadOperation(
                id="search_notes",
                path="/v1/notes",
                tag="notes",
                summary="Search notes",
                scope="notes:read",
                query_type=Search,
                answer_type=Found,
                handler=self.search,
            ),
            ReadOperation(
                id="read_note",
                path="/v1/notes/{note}",
                tag="notes",
                summary="A note",
                scope="notes:read",
                path_type=NotePath,
                answer_type=Note,
                handler=self.read,
            ),
        ]


@dataclass
class Desk:
    """The application, what it holds, and what its observer saw."""

    app: FastAPI
    notes: Notes
    seen: list[Exchange]


def desk_of(notes: Notes) -> Desk:
    seen = list[Exchange]()
    app = FastAPI(title="Notes", version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    install(
        app,
        notes.operations(),
        guard=Guard(Keyring(), ScopeAuthorizer()),
        ids=TimeOrderedIds(),
        observe=seen.append,
    )
    return Desk(app, notes, seen)


@asynccontextmanager
async def client_of(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(desk.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport,
        base_url="https://notes.test",
        headers={"Authorization": f"Bearer {FULL}"},
    ) as client:
        yield client


@pytest.fixture
def desk() -> Desk:
    return desk_of(Notes())


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(desk) as client:
        yield client
