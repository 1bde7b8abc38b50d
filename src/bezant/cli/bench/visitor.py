"""An agent of people's browsers, which log in by name and password over HTTPS."""

import re
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import count
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

import httpx
from msgspec import Struct

from bezant.cli.bench.agent import Rounds, serve
from bezant.cli.bench.connections import Origin, Outcome
from bezant.identity.issuers import Issuer

# Names may be tried ten times a second from one address. All of 127.0.0.0/8 is this machine's own
# where the kernel is Linux.
_SOURCES: Final = [f"127.0.0.{host}" for host in range(1, 9)] if sys.platform == "linux" else []
_CSRF: Final = re.compile(r'name="csrf" value="([^"]+)"')


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
    cookies: str
    csrf: str

    def form(self, **fields: str) -> dict[str, str]:
        """A form of this browser's: its token follows from the cookie, until there is a login."""
        return {"csrf": self.csrf, "password": self.password, **fields}


class _Visitor:
    """People, each with a browser that has been here before."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._origin = Origin(setup.url, setup.ca, sources=_SOURCES)
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
                self._people.append(await self._invite(http))
                # The next has a browser of their own.
                http.cookies.clear()

    async def _invite(self, http: httpx.AsyncClient) -> _Person:
        name = f"{uuid4()}@example.com"
        invited = await http.post(
            "/v1/users",
            json={"name": "Bench", "email": name},
            headers={
                "Authorization": f"Bearer {self._setup.api_key}",
                "Idempotency-Key": str(uuid4()),
            },
        )
        assert invited.status_code == HTTPStatus.CREATED, invited.text
        link = f"{self._issuer.url}/link/{invited.json()['link']}"
        page = await http.get(link)
        found = _CSRF.search(page.text)
        assert found is not None, page.text
        cookies = "; ".join(f"{each.name}={each.value}" for each in http.cookies.jar)
        person = _Person(name, secrets.token_urlsafe(), cookies, found[1])
        entered = await http.post(link, data=person.form())
        assert entered.status_code == HTTPStatus.SEE_OTHER, entered.text
        return person

    async def run(self, asked: Round) -> Outcome:
        """Half of the requests get the page, the other half send its form."""
        return await self._origin.keep_asking(self._next, asked.connections, asked.seconds)

    def _next(self) -> bytes:
        turn, is_form = divmod(next(self._turns), 2)
        person = self._people[turn % len(self._people)]
        headers = f"cookie: {person.cookies}\r\n"
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
