"""An agent that calls the API over HTTPS: connections kept alive, one request at a time on each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from itertools import count
from uuid import uuid4

from msgspec import Struct

from bezant.cli.bench.agent import Rounds, serve
from bezant.cli.bench.connections import Origin, Outcome


class Load(StrEnum):
    """What is asked for."""

    POST = "post"
    BALANCE = "balance"
    HANDSHAKE = "handshake"


class Setup(Struct, frozen=True):
    """Where to call, as whom, and what of."""

    url: str
    ca: str
    api_key: str
    book: str
    accounts: list[str]


class Ready(Struct, frozen=True):
    """It can begin."""


class Round(Struct, frozen=True):
    """What to ask for, on how many connections, for how long."""

    load: Load
    connections: int
    seconds: float


class _Caller:
    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._origin = Origin(setup.url, setup.ca, setup.api_key)
        self._numbers = count()
        self._run = uuid4().hex

    async def run(self, asked: Round) -> Outcome:
        if asked.load is Load.HANDSHAKE:
            return await self._origin.keep_connecting(self._health, asked.seconds)
        request = {Load.POST: self._transfer, Load.BALANCE: self._balance}[asked.load]
        return await self._origin.keep_asking(request, asked.connections, asked.seconds)

    def _transfer(self) -> bytes:
        number, accounts = next(self._numbers), self._setup.accounts
        debit, credit = (accounts[(number + side) % len(accounts)] for side in (0, 1))
        body = (
            f'{{"postings":[{{"debit":"{debit}","credit":"{credit}",'
            f'"asset":"EUR","amount":"{1 + number % 997}"}}]}}'
        )
        path = f"/v1/books/{self._setup.book}/transactions"
        return self._origin.post(path, f"{self._run}-{number}", body)

    def _balance(self) -> bytes:
        account = self._setup.accounts[next(self._numbers) % len(self._setup.accounts)]
        return self._origin.get(f"/v1/books/{self._setup.book}/accounts/{account}/balance")

    def _health(self) -> bytes:
        return self._origin.get("/health/live")


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Read the authority's certificate."""
    yield Ready(), _Caller(setup).run


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
