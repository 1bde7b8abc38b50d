"""Restore-only versions refuse new work, and readers that come between two steps read on."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec
import pytest

from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.sealed import Sealing
from bezant.vault.keys import (
    KeyKind,
    KeyRetired,
    Seen,
    SubjectKeys,
    TenantKey,
    TenantKeys,
    index_kind,
)
from bezant.vault.tokens.schemas import (
    Detokenization,
    Detokenized,
    IssuedToken,
    NamedValue,
    NewToken,
)
from fixtures_rotation import EMAIL, Rotating

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

ROOT = UUID(int=0)
WRAPPED_UNDER = """
    SELECT tenant_key_version FROM subject_key WHERE tenant_id = $1 AND subject_id = $2
"""


class Late(TenantKeys):
    """Keys of tenants, of which the first one is handed over only after a rotation of it."""

    def __init__(self, keys: TenantKeys, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._late_keys = keys
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    async def active(self, tenant_id: UUID, kind: str, seen: Seen = ()) -> TenantKey:
        found = await self._late_keys.active(tenant_id, kind, seen)
        if self._meanwhile is not None:
            meanwhile, self._meanwhile = self._meanwhile, None
            await meanwhile()
        return found

    async def of_versions(
        self, tenant_id: UUID, kind: str, versions: Iterable[int], seen: Seen = ()
    ) -> dict[int, TenantKey]:
        return await self._late_keys.of_versions(tenant_id, kind, versions, seen)


def after(
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    meanwhile: Callable[[], Awaitable[object]],
) -> list[str]:
    """Have something happen after the first call of a method, before its caller goes on."""
    method = getattr(owner, name)
    happened: list[str] = []

    async def called(*values: object, **named: object) -> object:
        found = await method(*values, **named)
        if not happened:
            happened.append(name)
            await meanwhile()
        return found

    monkeypatch.setattr(owner, name, called)
    return happened


async def test_a_retired_tenant_key_wraps_no_key_of_a_subject(rotating: Rotating) -> None:
    await rotating.seal("ann@example.com")
    late = Late(rotating.vault.tenants, lambda: rotating.rotate("tenant"))
    subjects = SubjectKeys(rotating.keys, late, rotating.clock, bytes)
    subject = uuid4()
    await subjects.for_sealing(rotating.tenant_id, {subject: 1})
    [row] = await rotating.keys.fetch(WRAPPED_UNDER, rotating.tenant_id, subject)
    assert row["tenant_key_version"] == 2
    other = uuid4()
    await rotating.vault.subjects.for_sealing(rotating.tenant_id, {other: 1})
    [row] = await rotating.keys.fetch(WRAPPED_UNDER, rotating.tenant_id, other)
    assert row["tenant_key_version"] == 2, "the control"


@pytest.mark.parametrize("kind", ["data", index_kind(EMAIL.name)])
async def test_what_was_prepared_under_a_retired_key_is_not_written(
    rotating: Rotating, kind: str
) -> None:
    subject = uuid4()
    await rotating.seal("ann@example.com", subject=subject)
    fields = rotating.vault.fields
    sealing = Sealing(uuid4(), subject, EMAIL, "bob@example.com")

    async def write(rotated: str | None) -> None:
        prepared = await fields.prepare(rotating.tenant_id, [sealing])
        if rotated is not None:
            await rotating.rotate(rotated)

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            admitted = await fields.admit(connection, rotating.tenant_id, [subject])
            await fields.write(connection, rotating.tenant_id, prepared, admitted)

        await rotating.database.transaction(work)

    with pytest.raises(KeyRetired):
        await write(kind)
    assert await rotating.opened(sealing.reference) == [None]
    await write(None)
    assert await rotating.opened(sealing.reference) == ["bob@example.com"], "the control"


@pytest.mark.parametrize("kind", ["data", index_kind(EMAIL.name)])
async def test_a_writer_that_a_rotation_overtakes_writes_under_the_new_key(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    subject = uuid4()
    await rotating.seal("ann@example.com", subject=subject)
    happened = after(monkeypatch, rotating.vault.fields, "prepare", lambda: rotating.rotate(kind))
    [reference] = await rotating.seal("bob@example.com", subject=subject)
    assert happened
    table = "vault_value" if kind == "data" else "vault_index"
    rows = await rotating.database.fetch(
        f"SELECT key_version FROM {table} WHERE tenant_id = $1",
        rotating.tenant_id,
    )
    assert [row["key_version"] for row in rows] == [2, 2]
    assert await rotating.found("bob@example.com") == [reference]


async def test_a_retired_root_wraps_no_key_of_a_tenant(rotating: Rotating) -> None:
    await rotating.seal("ann@example.com")
    await rotating.rotate("root")
    rotating.key_store.newest = 1  # a key store that lags behind
    other = uuid4()
    with pytest.raises(KeyRetired):
        await rotating.vault.tenants.active(other, KeyKind.TENANT)
    assert not await rotating.vault.tenants.versions(other, KeyKind.TENANT)
    rotating.key_store.newest = 2
    found = await rotating.vault.tenants.active(other, KeyKind.TENANT)
    assert found.version == 1, "the control"


@pytest.mark.parametrize("kind", ["tenant", "fingerprint", "requests"])
async def test_a_request_whose_keys_are_retired_after_its_look_is_served_by_the_new_ones(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    tokens = rotating.vault.tokens
    subject, value = uuid4(), NamedValue("passport", "C01X00T47")
    new = NewToken(subject_id=subject, value=value)
    first = (await tokens.tokenizing.tokenize(rotating.call(), new)).value(IssuedToken)
    happened = after(monkeypatch, rotating.vault.tenants, "look", lambda: rotating.rotate(kind))
    other = NewToken(subject_id=uuid4(), value=value)
    given = (await tokens.tokenizing.tokenize(rotating.call(), other)).value(IssuedToken)
    assert happened
    again = (await tokens.tokenizing.tokenize(rotating.call(), new)).value(IssuedToken)
    assert again.token == first.token
    same = (await tokens.tokenizing.tokenize(rotating.call(), other)).value(IssuedToken)
    assert same.token == given.token
    if kind != "requests":
        assert await rotating.destroy(kind, 1, "a test") == {"destroyed": 1}
    asked = Detokenization([first.token, given.token], "test")
    answer = (await tokens.revealing.detokenize(rotating.call(), asked)).value(Detokenized)
    assert [each.value for each in answer.results] == [value.text, value.text]


@pytest.mark.parametrize("kind", ["tenant", "data"])
async def test_a_token_whose_keys_are_destroyed_after_the_look_is_revealed(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    tokens = rotating.vault.tokens
    new = NewToken(subject_id=uuid4(), value=NamedValue("passport", "C01X00T47"))
    token = (await tokens.tokenizing.tokenize(rotating.call(), new)).value(IssuedToken).token
    happened = after(
        monkeypatch, rotating.vault.tenants, "look", lambda: rotate_and_destroy(rotating, kind)
    )
    asked = Detokenization([token], "test")
    answer = (await tokens.revealing.detokenize(rotating.call(), asked)).value(Detokenized)
    assert [each.value for each in answer.results] == ["C01X00T47"]
    assert happened


async def rotate_and_destroy(rotating: Rotating, kind: str) -> None:
    """What a reader that is overtaken has to do without from now on."""
    await rotating.rotate(kind)
    version = None if kind == "data" else 1
    assert await rotating.destroy(kind, version, "a test") == {"destroyed": 1}


async def test_a_reader_that_read_the_row_before_and_the_key_after_reads_on(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    [reference] = await rotating.seal("ann@example.com")
    happened = after(
        monkeypatch,
        rotating.vault.fields,
        "_find",
        lambda: rotate_and_destroy(rotating, "data"),
    )
    assert await rotating.opened(reference) == ["ann@example.com"]
    assert happened


async def test_a_reader_that_read_the_subjects_key_before_and_the_tenants_after_reads_on(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    [reference] = await rotating.seal("ann@example.com")
    happened = after(
        monkeypatch,
        rotating.vault.subjects,
        "_find",
        lambda: rotate_and_destroy(rotating, "tenant"),
    )
    assert await rotating.opened(reference) == ["ann@example.com"]
    assert happened


async def test_a_search_that_made_its_digests_before_finds_what_was_moved_after(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    [reference] = await rotating.seal("ann@example.com")
    happened = after(
        monkeypatch,
        rotating.vault.tenants,
        "every",
        lambda: rotate_and_destroy(rotating, index_kind(EMAIL.name)),
    )
    assert await rotating.found("ann@example.com") == [reference]
    assert happened


async def test_a_reader_that_read_a_tenants_key_before_its_root_was_destroyed_reads_on(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    [reference] = await rotating.seal("ann@example.com")

    async def end_root() -> None:
        await rotating.rotate("root")
        call = rotating.elsewhere(rotating.call(), ROOT)
        answer = await rotating.vault.rotations.destroy_root(call, "1", "a test")
        assert answer.status == 200
        rotating.seconds.now += 301  # nothing is at hand any more

    happened = after(monkeypatch, rotating.vault.tenants, "_find", end_root)
    assert await rotating.opened(reference) == ["ann@example.com"]
    assert happened
    assert rotating.key_store.destroyed == {"1"}


async def test_a_repeat_is_known_after_the_key_of_requests_was_rotated(rotating: Rotating) -> None:
    done: list[str] = []

    async def ask(body: bytes) -> Answer:
        call = rotating.call(key="one", fingerprint=body)
        covered = await rotating.vault.fields.cover(call)

        async def work(_: object) -> Answer:
            done.append("done")
            return Answer.of("done")

        return await idempotency.once(rotating.database, rotating.clock, covered, work)

    await ask(b"body")
    await rotating.rotate("requests")
    assert (await ask(b"body")).is_replay
    assert done == ["done"]
    assert b"IDEMPOTENCY_KEY_REUSED" in (await ask(b"another")).body, "the control"


async def test_fingerprints_of_one_request_under_two_versions_differ(rotating: Rotating) -> None:
    call = rotating.call(fingerprint=b"body")
    before: Call = await rotating.vault.fields.cover(call)
    await rotating.rotate("requests")
    after_it = await rotating.vault.fields.cover(call)
    assert after_it.fingerprint != before.fingerprint
    assert after_it.former_fingerprints == (before.fingerprint,)
    assert msgspec.structs.replace(before, former_fingerprints=()) == before
