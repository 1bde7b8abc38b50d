"""The vault: the process that can open what is sealed, run as `python -m bezant.server.vault`.

It alone has the vault's roles in both databases and the key store's credentials. The platform's
workers reach it by a socket in the run folder; card numbers arrive on an origin of its own, so that
nothing which runs on the API's can read them.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import bezant
from bezant.banking import HolderHolding, PartyHolding, RoleHolding
from bezant.identity.enrolment import UserHolding
from bezant.identity.policy import Policy
from bezant.kernel.api_keys import ApiKeyAuthenticator
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.http import Guard, RateLimits, Streams, install
from bezant.kernel.ids import Ids, TimeOrderedIds
from bezant.kernel.sealing import KeySealer
from bezant.kernel.settings import read_sealing_key
from bezant.kernel.telemetry import Traced, Tracing, open_tracing
from bezant.payments import PaymentContents
from bezant.server.connecting import KEYS, MAIN_OF_VAULT, opened_database
from bezant.server.errors import ErasureJournalRefused, KeyStoreUnusable
from bezant.server.health import Asked, Liveness, probe, probes
from bezant.server.key_store import key_stores_explained
from bezant.server.migrations import KEYS_CONTRACT
from bezant.server.observing import observe
from bezant.server.process import load_certificate, run, serve_https
from bezant.server.task import VaultTask
from bezant.vault import JournalRefused, Vault
from bezant.vault.keystores import KeyStore, KeyStoreDown, open_key_store, read_choice

# The embedded server of keys takes 30.
_CONNECTIONS_MAX: Final = 8

# Nothing that this origin answers is loaded, framed or read by a page of another, or is kept. A
# page of its own brings a policy that names its own script.
_HEADERS: Final = {
    b"content-security-policy": (
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"strict-transport-security": b"max-age=31536000",
    b"cache-control": b"no-store",
    b"x-content-type-options": b"nosniff",
}


class VaultReadiness(BaseModel):
    """What the vault stands on.

    Attributes:
        status: `degraded` when the key store is down: keys in memory serve for minutes.
    """

    status: Literal["ready", "degraded"]
    database: Literal["up"] = "up"
    keys: Literal["up"] = "up"
    key_store: Literal["up", "down"]


class VaultHealth:
    """The probes of the vault."""

    def __init__(self, database: Database, keys: Database, key_store: KeyStore) -> None:
        self._database = database
        self._keys = keys
        self._key_store = key_store
        self._readiness = Asked(self._ask)

    async def live(self) -> Liveness:
        """The process answers. It looks at nothing else: an outage must restart nobody."""
        return Liveness()

    async def ready(self) -> VaultReadiness:
        """Both databases reachable, their schemas current, the key store up or needed in minutes.

        Raises:
            NotReady: the vault cannot serve.
        """
        return await self._readiness.answer()

    async def _ask(self) -> VaultReadiness:
        await probe(self._database, "database")
        await probe(self._keys, "keys", KEYS_CONTRACT)
        try:
            await self._key_store.current()
        except KeyStoreDown:
            return VaultReadiness(status="degraded", key_store="down")
        return VaultReadiness(status="ready", key_store="up")


@dataclass(frozen=True, slots=True)
class Strongroom:
    """What the vault's application is composed of."""

    vault: Vault
    health: VaultHealth
    guard: Guard
    ids: Ids
    tracing: Tracing
    streams: Streams


class _Isolated:
    """An application whose every answer says that no other origin has a part in it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_isolated(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in _HEADERS.items() if name not in given),
                ]
            await send(message)

        await self._app(scope, receive, send_isolated)


def create_vault_app(strongroom: Strongroom) -> ASGIApp:
    """The ASGI application of the vault's own origin."""
    app = FastAPI(
        title="Bezant vault",
        version=bezant.__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    install(
        app,
        strongroom.vault.operations(),
        guard=strongroom.guard,
        ids=strongroom.ids,
        observe=observe,
        streams=strongroom.streams,
    )
    app.include_router(probes(strongroom.health))
    return _Isolated(Traced(app, strongroom.tracing))


def main() -> None:
    """Take the task and serve until asked to stop."""
    run(VaultTask, _serve)


async def _serve(task: VaultTask) -> None:
    certificate = load_certificate(task)
    async with AsyncExitStack() as opened:
        strongroom = await _open(task, opened)
        await strongroom.vault.serve(Path(task.socket), task.token)
        app = create_vault_app(strongroom)
        await serve_https(task, app, certificate, strongroom.streams, lambda: None)


async def _open(task: VaultTask, opened: AsyncExitStack) -> Strongroom:
    """Everything that the vault stands on, closed with `opened` in reverse order.

    Raises:
        DatabaseUnusable: one of the databases cannot be reached.
        KeyStoreUnusable: the key store does not open.
        ErasureJournalRefused: the journal of erasures is not the one that was written.
    """
    tracing = open_tracing(task.otlp_endpoint)
    opened.callback(tracing.close)
    database, keys = [
        await opened.enter_async_context(
            opened_database(
                url,
                connections_max=_CONNECTIONS_MAX,
                slow_statement_ms=task.slow_statement_ms,
                place=place,
            )
        )
        for url, place in ((task.database_url, MAIN_OF_VAULT), (task.keys_url, KEYS))
    ]
    clock, ids = SystemClock(), TimeOrderedIds()
    with key_stores_explained():
        key_store = await open_key_store(read_choice(task.key_store, Path(task.data_dir)))
    sealer = KeySealer(read_sealing_key(task.contents_key))
    try:
        vault = await Vault.open(
            database,
            keys,
            key_store,
            clock,
            ids,
            vault_folder(Path(task.data_dir)),
            holdings=[
                UserHolding(database, clock),
                HolderHolding(database),
                RoleHolding(database, clock),
                PaymentContents(database, clock, sealer),
                PartyHolding(database),
            ],
        )
    except KeyStoreDown as error:
        await key_store.close()
        raise KeyStoreUnusable(error.detail, "Start it, then try again.") from error
    except JournalRefused as error:
        raise ErasureJournalRefused(error.problem, error.remedy) from error
    opened.push_async_callback(vault.close)
    authenticator = ApiKeyAuthenticator(database, clock)
    opened.push_async_callback(authenticator.close)
    policy = Policy.shipped(database, clock, ids)
    opened.push_async_callback(policy.close)
    return Strongroom(
        vault=vault,
        health=VaultHealth(database, keys, key_store),
        guard=Guard(
            RateLimits(authenticator, per_s=task.requests_per_s_max, burst=task.requests_burst_max),
            policy.authorizer,
        ),
        ids=ids,
        tracing=tracing,
        streams=Streams(),
    )


def vault_folder(data_dir: Path) -> Path:
    """Where the vault keeps its journal of erasures: no backup of a database holds it."""
    folder = data_dir / "vault"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
