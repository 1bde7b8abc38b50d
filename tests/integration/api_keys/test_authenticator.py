"""From key to caller: who is let in, how soon a revocation is felt, what a lost database means."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit
from uuid import uuid4

import pytest

from bezant.kernel.api_keys import ApiKeyAuthenticator, IssuedApiKey, authenticator
from bezant.kernel.api_keys.token import Token
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Capabilities, Database
from bezant.kernel.errors import Unauthenticated, Unavailable
from bezant.kernel.http import BEARER, Credentials
from fixtures_api import Api, Tenant, operator_call

if TYPE_CHECKING:
    import asyncpg

NOW = datetime.now(UTC)


class CountingDatabase(Database):
    """The real database, which counts look-ups and can hold them up."""

    def __init__(self, pool: "asyncpg.Pool", capabilities: Capabilities) -> None:
        super().__init__(pool, capabilities)
        self.lookups = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetchrow(self, statement: str, *values: object) -> "asyncpg.Record | None":
        self.lookups += 1
        await self.gate.wait()
        return await super().fetchrow(statement, *values)


class Scene:
    """An authenticator of its own, as another process would have it, with time in our hands."""

    def __init__(self, database: CountingDatabase) -> None:
        self.database = database
        self.monotonic_s = 1_000.0
        self.clock = ManualClock(NOW)
        self.authenticator = ApiKeyAuthenticator(
            database, self.clock, monotonic=lambda: self.monotonic_s
        )

    async def admits(self, key: str) -> bool:
        try:
            await self.authenticator.authenticate(Credentials(BEARER, key))
        except Unauthenticated:
            return False
        return True


@pytest.fixture
async def scene(app_url: str) -> AsyncIterator[Scene]:
    database = await CountingDatabase.open(app_url)
    scene = Scene(database)
    yield scene
    await scene.authenticator.close()
    await database.close()


@pytest.fixture
async def issued(api: Api, tenant: Tenant) -> IssuedApiKey:
    return await api.issue(tenant.id, ("ledger:read",))


async def test_a_key_is_its_tenant_actor_and_scopes(
    scene: Scene, tenant: Tenant, issued: IssuedApiKey
) -> None:
    assert issued.key is not None
    principal = await scene.authenticator.authenticate(Credentials(BEARER, issued.key))
    assert principal.tenant_id == tenant.id
    assert principal.actor == f"key:{issued.api_key.id}"
    assert principal.scopes == {"ledger:read"}


async def test_a_key_with_another_secret_or_tenant_is_refused(
    scene: Scene, other_tenant: Tenant, issued: IssuedApiKey
) -> None:
    assert issued.key is not None
    token = Token.read(issued.key)
    assert token is not None
    for forged in (
        replace(token, secret=bytes(32)),
        replace(token, tenant_id=other_tenant.id),
        replace(token, key_id=uuid4()),
    ):
        assert not await scene.admits(forged.write())
    assert await scene.admits(issued.key)


async def test_the_database_holds_no_key(api: Api, issued: IssuedApiKey) -> None:
    assert issued.key is not None
    token = Token.read(issued.key)
    assert token is not None
    row = await api.database.fetchrow(
        "SELECT secret_hash, api_key::text AS whole FROM api_key WHERE key_id = $1",
        issued.api_key.id,
    )
    records = await api.database.fetch("SELECT body FROM idempotency_record")
    assert row is not None
    assert row["secret_hash"] != token.secret
    for stored in (row["whole"].encode(), *(record["body"] for record in records)):
        assert issued.key[47:90].encode() not in stored
        assert token.secret.hex().encode() not in stored


async def test_a_key_in_use_is_looked_up_about_once_a_second(
    scene: Scene, issued: IssuedApiKey
) -> None:
    assert issued.key is not None
    for _ in range(50):
        assert await scene.admits(issued.key)
    assert scene.database.lookups == 1
    scene.monotonic_s += 0.9
    for _ in range(50):
        assert await scene.admits(issued.key)
    await scene.authenticator.close()
    assert scene.database.lookups == 2


async def test_a_hundred_requests_at_once_share_one_look_up(
    scene: Scene, issued: IssuedApiKey
) -> None:
    assert issued.key is not None
    scene.database.gate.clear()
    waiting = [asyncio.create_task(scene.admits(issued.key)) for _ in range(100)]
    waiting[0].cancel()
    scene.database.gate.set()
    assert all(await asyncio.gather(*waiting[1:]))
    assert scene.database.lookups == 1


async def test_a_revocation_reaches_another_process_within_a_second(
    api: Api, tenant: Tenant, scene: Scene, issued: IssuedApiKey
) -> None:
    assert issued.key is not None
    assert await scene.admits(issued.key)
    await api.keys.revoke(operator_call(tenant.id), issued.api_key.id)
    scene.monotonic_s += 0.7
    assert await scene.admits(issued.key), "the cache is in use: the test below can fail"
    scene.monotonic_s += 0.3
    assert not await scene.admits(issued.key)


async def test_what_was_looked_up_in_the_background_counts_from_when_it_was_asked(
    api: Api, tenant: Tenant, scene: Scene, issued: IssuedApiKey
) -> None:
    assert issued.key is not None
    assert await scene.admits(issued.key)
    scene.monotonic_s += 0.8
    assert await scene.admits(issued.key)
    await scene.authenticator.close()
    await api.keys.revoke(operator_call(tenant.id), issued.api_key.id)
    scene.monotonic_s += 1.0
    assert not await scene.admits(issued.key)


async def test_an_expired_key_is_refused_at_its_instant_even_while_cached(
    api: Api, tenant: Tenant, scene: Scene
) -> None:
    until = NOW + timedelta(seconds=3600)
    issued = await api.issue(tenant.id, ("ledger:read",), expires_at=until)
    assert issued.key is not None
    scene.clock.advance(seconds=3599)
    assert await scene.admits(issued.key)
    scene.clock.advance(seconds=1)
    assert not await scene.admits(issued.key)


class Wire:
    """A unix socket in between, which can be cut."""

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        where = parse_qs(parts.query)
        self._name = f".s.PGSQL.{where['port'][0]}"
        self._target = str(Path(where["host"][0]) / self._name)
        self._path = str(folder / self._name)
        self.url = urlunsplit(
            parts._replace(query=urlencode({"host": str(folder), "port": where["port"][0]}))
        )
        self._ends: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._connect, self._path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()

    def cut(self) -> None:
        self._server.close()
        Path(self._path).unlink(missing_ok=True)
        for end in self._ends:
            end.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_unix_connection(self._target)
        self._ends += [writer, other_writer]
        await asyncio.gather(_copy(reader, other_writer), _copy(other_reader, writer))


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    sink.close()


async def test_without_the_database_the_last_answer_is_used_for_a_second_and_then_nothing(
    app_url: str, run_folder: Path, issued: IssuedApiKey
) -> None:
    assert issued.key is not None
    async with Wire(app_url, run_folder) as wire:
        scene = Scene(await CountingDatabase.open(wire.url))
        assert await scene.admits(issued.key)
        wire.cut()
        scene.monotonic_s += 0.9
        assert await scene.admits(issued.key)
        scene.monotonic_s += 0.1
        with pytest.raises(Unavailable):
            await scene.authenticator.authenticate(Credentials(BEARER, issued.key))
        await scene.authenticator.close()
        await scene.database.close()


async def test_a_database_that_hangs_is_an_unavailable_one(
    scene: Scene, issued: IssuedApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert issued.key is not None
    monkeypatch.setattr(authenticator, "CHECK_SECONDS_MAX", 0.01)
    scene.database.gate.clear()
    with pytest.raises(Unavailable):
        await scene.authenticator.authenticate(Credentials(BEARER, issued.key))


def test_whoever_joins_a_look_up_gets_no_older_answer_than_allowed() -> None:
    assert authenticator.FRESH_S < authenticator.STALE_S <= 1.0
    assert authenticator.CHECK_SECONDS_MAX <= authenticator.STALE_S


async def test_guessing_neither_grows_without_bound_nor_evicts_keys_in_use(
    scene: Scene, issued: IssuedApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert issued.key is not None
    token = Token.read(issued.key)
    assert token is not None
    monkeypatch.setattr(authenticator, "CACHED_KEYS_MAX", 10)
    assert await scene.admits(issued.key)
    for guess in range(30):
        assert not await scene.admits(replace(token, secret=guess.to_bytes(32, "big")).write())
    assert len(scene.authenticator._unknown) == 10
    before = scene.database.lookups
    assert await scene.admits(issued.key)
    assert not await scene.admits(replace(token, secret=(29).to_bytes(32, "big")).write())
    assert scene.database.lookups == before


@pytest.mark.parametrize("text", ["", "bz_", "bz_" + "0" * 94, "\u00ff", "a" * 10_000])
async def test_what_is_no_key_is_refused_without_a_look_up(scene: Scene, text: str) -> None:
    assert not await scene.admits(text)
    assert scene.database.lookups == 0


async def test_last_use_is_kept_to_the_minute(
    api: Api, tenant: Tenant, scene: Scene, issued: IssuedApiKey
) -> None:
    assert issued.key is not None

    async def last_use() -> datetime | None:
        await scene.authenticator.close()
        page = await api.keys.page(tenant.id, after=None, limit=1_000)
        [key] = [each for each in page.api_keys if each.id == issued.api_key.id]
        return key.last_used_at

    assert await last_use() is None
    seen = []
    for _ in range(4):
        scene.monotonic_s += 1
        assert await scene.admits(issued.key)
        seen.append(await last_use())
        scene.clock.advance(seconds=30)
    minute = timedelta(minutes=1)
    assert seen == [NOW, NOW, NOW + minute, NOW + minute]
