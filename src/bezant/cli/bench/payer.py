"""An agent whose customers pay each other over HTTPS."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Final
from uuid import uuid4

import httpx
import msgspec
from msgspec import Struct

from bezant.cli.bench.agent import Rounds, serve
from bezant.cli.bench.connections import Origin, Outcome

PAYMENTS: Final = "/v1/payments"
_CUSTOMERS: Final = 200
_ENOUGH: Final = str(10**12)


class Setup(Struct, frozen=True):
    """Where to call, and as whom.

    Attributes:
        bic: of the bank whose customers pay; None founds one.
    """

    url: str
    ca: str
    api_key: str
    bic: str | None = None


class Ready(Struct, frozen=True):
    """It can begin."""


class Round(Struct, frozen=True):
    """On how many connections to pay, for how long, and at what pace; None as fast as it goes."""

    connections: int
    seconds: float
    per_second: int | None = None


class Payer:
    """Customers with current accounts, who may overdraw them as far as they like."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.origin = Origin(setup.url, setup.ca, setup.api_key)
        self._run = uuid4().hex
        self._numbers = count()
        self.dice = random.Random(1)  # noqa: S311 - load
        self.accounts: list[str] = []

    async def prepare(self) -> None:
        """Open a bank and its customers' accounts."""
        async with self.client() as http:
            institution = await self._bank(http)
            product = await self._create(
                http,
                "/v1/products",
                code=f"bench-{self._run}",
                institution_id=institution,
                kind="current",
                terms={"assets": ["EUR"], "overdraft": {"EUR": _ENOUGH}},
            )
            for _ in range(_CUSTOMERS):
                account = await self._create(http, "/v1/accounts", product_id=product["id"])
                self.accounts.append(account["id"])

    async def _bank(self, http: httpx.AsyncClient) -> str:
        if self._setup.bic is not None:
            answer = (await http.get("/v1/institutions")).raise_for_status()
            banks = {each["bic"]: each["id"] for each in answer.json()["institutions"]}
            return str(banks[self._setup.bic])
        assets = [{"code": "EUR", "scale": 2}]
        book = await self._create(http, "/v1/books", name="Bench", assets=assets)
        founded = await self._create(
            http,
            "/v1/institutions",
            book_id=book["id"],
            name="Bench",
            country="DE",
            bank_code=f"{self.dice.randrange(10**8):08}",
            bic="COBADEFFXXX",
        )
        return str(founded["id"])

    async def run(self, asked: Round) -> Outcome:
        """Pay between customers."""
        if asked.per_second is None:
            return await self.origin.keep_asking(self._payment, asked.connections, asked.seconds)
        return await self.origin.keep_pace(
            self._payment, asked.connections, asked.per_second, asked.seconds
        )

    def _payment(self) -> bytes:
        debtor, creditor = self.dice.sample(self.accounts, 2)
        return self.post(debtor, creditor={"account_id": creditor})

    def post(self, debtor: str, **members: object) -> bytes:
        """A payment of some amount."""
        body = {
            "debtor_account": debtor,
            "asset": "EUR",
            "amount": str(self.dice.randrange(1, 10_000)),
            **members,
        }
        key = f"{self._run}-{next(self._numbers)}"
        return self.origin.post(PAYMENTS, key, msgspec.json.encode(body).decode())

    def client(self) -> httpx.AsyncClient:
        """For calls that are not measured."""
        return httpx.AsyncClient(
            base_url=self._setup.url,
            verify=self._setup.ca,
            headers={"Authorization": f"Bearer {self._setup.api_key}"},
            timeout=60,
        )

    async def _create(
        self,
        http: httpx.AsyncClient,
        path: str,
        **members: Any,  # noqa: ANN401 - JSON
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": uuid4().hex}
        answer = await http.post(path, json=members, headers=headers)
        answer.raise_for_status()
        created: dict[str, Any] = answer.json()
        return created


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Open the accounts."""
    payer = Payer(setup)
    await payer.prepare()
    yield Ready(), payer.run


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
