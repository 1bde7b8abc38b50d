"""An agent of people's browsers, which log in by name and password over HTTPS."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import count
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

import httpx
from msgspec import Struct

from bezant.cli.bench.agent import Rounds, serve
from bezant.cli.bench.connections import Origin, Outcome
from bezant.identity.issuers import Issuer
from bezant.identity.pages.csrf import csrf_token
from bezant.identity.pages.visits import DEVICE_COOKIE


class Setup(Struct, frozen=True):
    """Where to call, as whom, and how many people there are."""

    url: str
    ca: str
    api_key: str
    tenant_id: UUID
    people: int


class Ready(Struct, frozen=True):
    """It can begin."""


class Round(Struct, frozen=True):
    """On how many connections, for how long."""

    connections: int
    seconds: float


class _Person(NamedTuple):
    name: str
    password: str
    device: str

    @property
    def cookie(self) -> str:
        return f"{DEVICE_COOKIE}={self.device}"

    def form(self, **fields: str) -> dict[str, str]:
        """A form of this browser's: its token follows from the cookie alone, before a login."""
        return {"csrf": csrf_token(self.device, None), "password": self.password, **fields}


class _Visitor:
    """People, each with a browser that has been here before."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._origin = Origin(setup.url, setup.ca)
        self._issuer = Issuer(setup.tenant_id, setup.url)
        self._path = urlsplit(f"{self._issuer.url}/login").path
        self._people: list[_Person] = []
        self._turns = count()

    async def prepare(self) -> None:
        """Invite people, and have each choose a password."""
        async with httpx.AsyncClient(
            base_url=self._setup.url, verify=self._setup.ca, timeout=60
        ) as http:
            for _ in range(self._setup.people):
                person = _Person(
                    f"{uuid4()}@example.com", secrets.token_urlsafe(), secrets.token_urlsafe()
                )
                invited = await http.post(
                    "/v1/users",
                    json={"name": "Bench", "email": person.name},
                    headers={
                        "Authorization": f"Bearer {self._setup.api_key}",
                        "Idempotency-Key": str(uuid4()),
                    },
                )
                assert invited.status_code == HTTPStatus.CREATED, invited.text
                # Not kept by the client: the next browser has cookies of its own.
                entered = await http.post(
                    f"{self._issuer.url}/link/{invited.json()['link']}",
                    data=person.form(),
                    headers={"Cookie": person.cookie},
                )
                assert entered.status_code == HTTPStatus.SEE_OTHER, entered.text
                http.cookies.clear()
                self._people.append(person)

    async def run(self, asked: Round) -> Outcome:
        """Half of the requests get the page, the other half send its form."""
        return await self._origin.keep_asking(self._next, asked.connections, asked.seconds)

    def _next(self) -> bytes:
        turn, is_form = divmod(next(self._turns), 2)
        person = self._people[turn % len(self._people)]
        headers = f"cookie: {person.cookie}\r\n"
        if not is_form:
            return self._origin.page(self._path, headers)
        return self._origin.form(self._path, urlencode(person.form(name=person.name)), headers)


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Invite people."""
    visitor = _Visitor(setup)
    await visitor.prepare()
    yield Ready(), visitor.run


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
