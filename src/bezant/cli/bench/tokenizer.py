"""An agent that calls the vault over HTTPS: cards become tokens, and tokens cards again."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from itertools import count, cycle
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import msgspec
from msgspec import Struct

from bezant.cli.bench.agent import Rounds, serve
from bezant.cli.bench.connections import Origin, Outcome

BATCH: Final = 100
"""Tokens in one request of the batch cases."""

_TOKENS: Final = "/v1/vault/tokens"
_BATCHES: Final = f"{_TOKENS}/batch"
_DETOKENIZE: Final = f"{_TOKENS}/detokenize"
_CALLERS: Final = 8
_SUBJECTS: Final = 1_000
_READ_BACK: Final = 2_000
_IIN: Final = "40000012"
_DIGITS: Final = 16


class Load(StrEnum):
    """What is asked for, alone or `BATCH` at a time."""

    TOKENIZE = "tokenize"
    DETOKENIZE = "detokenize"


class Setup(Struct, frozen=True):
    """Where to call.

    Attributes:
        url: of the vault.
        api_url: of the platform's API, where the callers' keys are made.
        api_key: that makes them.
    """

    url: str
    api_url: str
    ca: str
    api_key: str


class Ready(Struct, frozen=True):
    """It can begin."""


class Round(Struct, frozen=True):
    """What to ask for, in batches or one by one, on how many connections, for how long."""

    load: Load
    is_batch: bool
    connections: int
    seconds: float


class _Tokenizer:
    """Cards of a thousand people, each card once."""

    def __init__(self, setup: Setup, api_keys: Sequence[str]) -> None:
        self._setup = setup
        self._api_key = api_keys[0]
        origins = [Origin(setup.url, setup.ca, key) for key in api_keys]
        self._origin = origins[0]
        self._callers = cycle(origins)
        self._run = uuid4().hex
        self._numbers = count()
        self._dice = random.Random(1)  # noqa: S311 - load
        self._subjects = [
            str(UUID(int=self._dice.getrandbits(128), version=4)) for _ in range(_SUBJECTS)
        ]
        self._first = self._dice.randrange(10**6)
        self._tokens: list[str] = []

    async def prepare(self) -> None:
        """Make the tokens that are read back."""
        async with httpx.AsyncClient(
            base_url=self._setup.url,
            verify=self._setup.ca,
            headers={"Authorization": f"Bearer {self._api_key}"},
            timeout=60,
        ) as client:
            for _ in range(0, _READ_BACK, BATCH):
                answer = await client.post(
                    _BATCHES,
                    json={"tokens": [self._card(id=str(uuid4())) for _ in range(BATCH)]},
                    headers={"Idempotency-Key": self._key()},
                )
                answer.raise_for_status()
                results = answer.json()["results"]
                self._tokens += [result["token"]["token"] for result in results]

    async def run(self, asked: Round) -> Outcome:
        request = {
            (Load.TOKENIZE, True): self._batch,
            (Load.TOKENIZE, False): self._single,
            (Load.DETOKENIZE, True): lambda: self._detokenize(BATCH),
            (Load.DETOKENIZE, False): lambda: self._detokenize(1),
        }[asked.load, asked.is_batch]
        return await self._origin.keep_asking(request, asked.connections, asked.seconds)

    def _key(self) -> str:
        return f"{self._run}-{next(self._numbers)}"

    def _card(self, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        number = next(self._numbers)
        card = {"number": _number(self._first + number), "expiry_month": 12, "expiry_year": 2035}
        return {"subject_id": self._subjects[number % _SUBJECTS], "card": card, **members}

    def _batch(self) -> bytes:
        body = {"tokens": [self._card(id=str(uuid4())) for _ in range(BATCH)]}
        return self._origin.post(_BATCHES, self._key(), msgspec.json.encode(body).decode())

    def _single(self) -> bytes:
        body = msgspec.json.encode(self._card()).decode()
        return self._origin.post(_TOKENS, self._key(), body)

    def _detokenize(self, size: int) -> bytes:
        body = {"tokens": self._dice.sample(self._tokens, size), "purpose": "benchmark"}
        encoded = msgspec.json.encode(body).decode()
        return next(self._callers).post(_DETOKENIZE, self._key(), encoded)


async def _callers(setup: Setup) -> Sequence[str]:
    """Keys of several callers: what one of them may reveal is limited, the vault is not."""
    async with httpx.AsyncClient(
        base_url=setup.api_url,
        verify=setup.ca,
        headers={"Authorization": f"Bearer {setup.api_key}"},
    ) as client:
        keys = []
        for number in range(_CALLERS):
            answer = await client.post(
                "/v1/api-keys",
                json={"name": f"Bench {number}", "scopes": ["vault:tokenize", "vault:detokenize"]},
                headers={"Idempotency-Key": uuid4().hex},
            )
            answer.raise_for_status()
            keys.append(answer.json()["key"])
        return keys


def _number(account: int) -> str:
    """A card number with its check digit (ISO/IEC 7812-1, annex B)."""
    payload = f"{_IIN}{account % 10**7:07}"
    assert len(payload) == _DIGITS - 1
    total = 0
    for place, digit in enumerate(reversed(payload)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - the digits of two
    return f"{payload}{-total % 10}"


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Make the tokens that are read back."""
    tokenizer = _Tokenizer(setup, await _callers(setup))
    await tokenizer.prepare()
    yield Ready(), tokenizer.run


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
