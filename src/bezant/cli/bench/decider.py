"""An agent that decides as a worker does: token, proof, policy; then the policies by themselves.

It puts together what a worker does, on the platform's database and vault.
"""

import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from msgspec import Struct

from bezant.cli.bench.agent import Rounds, percentile, serve
from bezant.cli.bench.signing import SigningClient, hash_of
from bezant.identity.clients import (
    Authentication,
    Binding,
    Client,
    NewOAuthClient,
    Profile,
    insert_client,
)
from bezant.identity.confirmation import Confirmation
from bezant.identity.issuers import TenantIssuers
from bezant.identity.logins import Acr
from bezant.identity.policy import Engine, Policy, Question
from bezant.identity.proofs import DpopVerifier, Nonces, UsedProofs
from bezant.identity.resources import TokenAuthenticator
from bezant.identity.signing import SigningKeys
from bezant.identity.tokens import AccessTokens, TokenStandings
from bezant.identity.users.domain import Role
from bezant.kernel.calls import Principal, PrincipalKind
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.http import DPOP, Action, Context, Credentials, Resource
from bezant.kernel.ids import TimeOrderedIds
from bezant.vault import VaultClient

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

_TOKENS: Final = 50
_CHECKS_MAX: Final = 10_000
_CHECKS_PER_S: Final = 1_000
_QUESTIONS: Final = 1_000
_SCOPES: Final = ("ledger:read", "ledger:write", "users:read", "jobs:read")
_READ: Final = Action("read_balance", "ledger:read")
_NAMES: Final = {"book": "0198f7e0-0000-7000-8000-000000000001", "account": "customers:1:wallet"}
_TEMPLATE: Final = "/v1/books/{book}/accounts/{account}/balance"


class Load(StrEnum):
    """What is decided."""

    CHECK = "check"
    POLICY = "policy"


class Setup(Struct, frozen=True):
    """Whose database and vault, and for which tenant."""

    url: str
    database_url: str
    vault_socket: str
    vault_token: str
    tenant_id: UUID


class Ready(Struct, frozen=True):
    """It can begin."""


class Round(Struct, frozen=True):
    """What to decide, for how long."""

    load: Load
    seconds: float


class Outcome(Struct, frozen=True):
    """How long it took."""

    decisions: int
    p50_ms: float
    p99_ms: float


class _Decider:
    """Callers with tokens of theirs, and what decides about them."""

    def __init__(self, setup: Setup, database: Database, vault: VaultClient) -> None:
        self._setup = setup
        self._database = database
        self._clock, self._ids = SystemClock(), TimeOrderedIds()
        keys = SigningKeys(database, self._clock, self._ids, vault)
        self._standings = standings = TokenStandings(database, self._clock)
        self._issuers = TenantIssuers(database, setup.url)
        self._access = AccessTokens(keys, standings, self._clock)
        self._nonces = Nonces(secrets.token_bytes(32))
        proofs = DpopVerifier(UsedProofs(database, self._clock), self._nonces, self._clock)
        self._authenticator = TokenAuthenticator(self._access, proofs, self._issuers)
        self._policy = Policy.shipped(database, self._clock, self._ids)
        self._engine = Engine.shipped()
        self._client = SigningClient()
        self._dice = random.Random(1)  # noqa: S311 - load
        self._tokens: list[str] = []

    async def close(self) -> None:
        await self._policy.close()

    async def prepare(self) -> None:
        """Give tokens to clients, as the token endpoint does."""
        for _ in range(_TOKENS):
            self._tokens.append(await self._give())

    async def _give(self) -> str:
        tenant_id, now = self._setup.tenant_id, self._clock.now()
        client = Client(
            id=uuid4(),
            tenant_id=tenant_id,
            name="Bench",
            profile=Profile.FAPI2,
            authentication=Authentication.PRIVATE_KEY_JWT,
            binding=Binding.DPOP,
            created_at=now,
        )
        claims = self._access.claims(
            self._issuers.of(tenant_id),
            client,
            Confirmation(jkt=self._client.thumbprint),
            now,
            scopes=frozenset(_SCOPES),
            audience=self._setup.url,
        )
        new = NewOAuthClient(
            name=client.name, grant_types=["client_credentials"], scopes=sorted(_SCOPES)
        )

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await insert_client(connection, tenant_id, client.id, new, now)
            await self._access.write(connection, tenant_id, claims)

        await self._database.transaction(work)
        return await self._access.sign(tenant_id, claims)

    async def run(self, asked: Round) -> Outcome:
        if asked.load is Load.CHECK:
            return await self._check(asked.seconds)
        return self._judge(asked.seconds)

    async def _check(self, seconds: float) -> Outcome:
        """One caller after the other; each proof once, made beforehand."""
        count = min(_CHECKS_MAX, int(seconds * _CHECKS_PER_S) + 1)
        presented = [self._credentials(self._dice.choice(self._tokens)) for _ in range(count)]
        resource = Resource(self._setup.tenant_id, _TEMPLATE, _NAMES)
        took: list[float] = []
        until = time.perf_counter() + seconds
        for credentials in presented:
            began = time.perf_counter()
            principal = await self._authenticator.authenticate(credentials)
            decision = await self._policy.authorizer.decide(principal, _READ, resource, Context())
            ended = time.perf_counter()
            assert decision.allowed, decision.reason
            took.append((ended - began) * 1_000)
            if ended >= until:
                break
        await self._standings.close()
        return _outcome(took)

    def _credentials(self, token: str) -> Credentials:
        url = f"{self._setup.url}/v1/books/{_NAMES['book']}/accounts/{_NAMES['account']}/balance"
        nonce = self._nonces.make(self._setup.tenant_id, self._client.thumbprint, self._clock.now())
        proof = self._client.proof("GET", url, nonce=nonce, ath=hash_of(token))
        return Credentials(DPOP, token, "GET", url, (proof,))

    def _judge(self, seconds: float) -> Outcome:
        """Every question evaluated anew: no answer is remembered."""
        questions = [self._question() for _ in range(_QUESTIONS)]
        for question in questions:
            self._engine.judge(question)  # warm
        took: list[float] = []
        until = time.perf_counter() + seconds
        while True:
            for question in questions:
                began = time.perf_counter()
                verdict = self._engine.judge(question)
                took.append((time.perf_counter() - began) * 1_000)
                assert not verdict.is_error
            if time.perf_counter() >= until:
                return _outcome(took)

    def _question(self) -> Question:
        """Somebody of the tenant's staff, who logged in a while ago."""
        user_id, tenant_id = uuid4(), self._setup.tenant_id
        principal = Principal(
            tenant_id,
            f"user:{user_id}",
            frozenset(_SCOPES),
            kind=PrincipalKind.USER,
            user_id=user_id,
            roles=frozenset(self._dice.sample(list(Role), self._dice.randint(1, 3))),
            acr=self._dice.choice(list(Acr)),
        )
        action = Action("any", self._dice.choice(_SCOPES))
        age_s = self._dice.randrange(3_600)
        return Question(principal, action, tenant_id, login_age_s=age_s)


def _outcome(took: list[float]) -> Outcome:
    return Outcome(len(took), percentile(took, 50), percentile(took, 99))


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Put it together, and give tokens."""
    database = await Database.open(setup.database_url, connections_max=4)
    vault = VaultClient(Path(setup.vault_socket), setup.vault_token)
    decider = _Decider(setup, database, vault)
    try:
        await decider.prepare()
        yield Ready(), decider.run
    finally:
        await decider.close()
        await vault.close()
        await database.close()


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
