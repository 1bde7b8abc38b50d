"""A version ends when nothing needs it, not even a backup; earlier only for a reason."""

from uuid import UUID, uuid4

import msgspec
import pytest

from bezant.kernel.calls import Answer
from bezant.vault.keys import KeyKind
from bezant.vault.rotation.schemas import KEPT_DAYS
from fixtures_rotation import Rotating

DAY_S = 24 * 3600
ROOT = UUID(int=0)
KINDS = ["tenant", "index:test.email", "requests", "fingerprint"]


def code_of(answer: object) -> object:
    assert isinstance(answer, dict)
    return answer.get("code")


async def destroy_root(rotating: Rotating, version: str, reason: str | None = None) -> Answer:
    call = rotating.elsewhere(rotating.call(), ROOT)
    return await rotating.vault.rotations.destroy_root(call, version, reason)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_version_is_kept_as_long_as_a_backup_may_need_it(
    rotating: Rotating, kind: str
) -> None:
    await rotating.seal("ann@example.com")
    await rotating.rotate(kind)
    if kind not in {"tenant", "index:test.email"}:
        await rotating.rotate(kind)
    assert code_of(await rotating.destroy(kind, 1)) == "KEY_KEPT_FOR_BACKUPS"
    rotating.clock.advance(seconds=KEPT_DAYS * DAY_S - 1)
    assert code_of(await rotating.destroy(kind, 1)) == "KEY_KEPT_FOR_BACKUPS"
    rotating.clock.advance(seconds=1)
    assert await rotating.destroy(kind, 1) == {"destroyed": 1}
    assert await rotating.destroy(kind, 1) == {"destroyed": 0}, "again is no error"
    assert await rotating.states(kind) == {"1": "destroyed", "2": "active"}


async def test_keys_of_subjects_are_kept_as_long_as_a_backup_may_need_them(
    rotating: Rotating,
) -> None:
    subject = uuid4()
    [reference] = await rotating.seal("ann@example.com", subject=subject)
    await rotating.rotate("data")
    assert await rotating.destroy("data") == {"destroyed": 0}
    rotating.clock.advance(seconds=KEPT_DAYS * DAY_S)
    assert await rotating.destroy("data") == {"destroyed": 1}
    [first, second] = (
        await rotating.vault.rotations.subject_keys(rotating.tenant_id, subject)
    ).keys
    assert (first.state, second.state) == ("destroyed", "active")
    assert not await rotating.vault.subjects.for_opening(rotating.tenant_id, [(subject, 1)])
    assert await rotating.opened(reference) == ["ann@example.com"]
    await rotating.seal("bob@example.com", subject=subject)  # the subject was not erased


async def test_a_key_that_a_restored_value_needs_is_not_destroyed(rotating: Rotating) -> None:
    await rotating.seal("ann@example.com")
    [former] = await rotating.database.fetch(
        "SELECT reference, sealed FROM vault_value WHERE tenant_id = $1", rotating.tenant_id
    )
    await rotating.rotate("data")
    await rotating.execute(
        "UPDATE vault_value SET sealed = $2, key_version = 1 WHERE reference = $1",
        former["reference"],
        former["sealed"],
    )
    assert await rotating.destroy("data", reason="a test") == {"destroyed": 0}
    assert await rotating.opened(former["reference"]) == ["ann@example.com"]
    await rotating.rotate("data")
    assert await rotating.destroy("data", reason="a test") == {"destroyed": 2}, "the control"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_active_version_is_not_destroyed_whatever_the_reason(
    rotating: Rotating, kind: str
) -> None:
    await rotating.seal("ann@example.com")
    await rotating.rotate(kind)
    active = max(map(int, await rotating.states(kind)))
    assert code_of(await rotating.destroy(kind, active, "a test")) == "KEY_IN_USE"
    assert code_of(await rotating.destroy(kind, 9, "a test")) == "KEY_VERSION_NOT_FOUND"
    assert code_of(await rotating.destroy("data", reason="a test")) is None, "the control"


async def test_a_reason_forces_the_end_and_is_in_the_audit_log(rotating: Rotating) -> None:
    await rotating.seal("ann@example.com")
    await rotating.rotate("tenant")
    assert await rotating.destroy("tenant", 1, "key ceremony 7") == {"destroyed": 1}
    entries = await rotating.database.fetch(
        "SELECT purpose, outcome FROM audit_entry WHERE tenant_id = $1 AND purpose LIKE 'key%'",
        rotating.tenant_id,
    )
    assert [tuple(entry) for entry in entries] == [("key ceremony 7", "done")]


async def test_a_destroyed_version_opens_nothing_although_it_was_at_hand(
    rotating: Rotating,
) -> None:
    await rotating.seal("ann@example.com")
    await rotating.rotate("tenant")
    tenants = rotating.vault.tenants
    found = await tenants.of_versions(rotating.tenant_id, KeyKind.TENANT, [1, 2])
    assert found.keys() == {1, 2}, "the control"
    await rotating.destroy("tenant", 1, "a test")
    found = await tenants.of_versions(rotating.tenant_id, KeyKind.TENANT, [1, 2])
    assert found.keys() == {2}


async def test_a_version_of_the_root_ends_like_any_other(rotating: Rotating) -> None:
    references = await rotating.seal("ann@example.com")
    assert (await destroy_root(rotating, "1")).status == 404
    rotation_id = await rotating.begin("root")
    rotating.key_store.is_down = True
    await rotating.vault.rotations.carry_on()
    rotating.key_store.is_down = False
    assert (await destroy_root(rotating, "1", "too early")).status == 404
    await rotating.vault.rotations.carry_on()
    assert (await rotating.vault.rotations.get(ROOT, rotation_id)).state == "done"
    assert b"KEY_KEPT_FOR_BACKUPS" in (await destroy_root(rotating, "1")).body
    assert b"KEY_IN_USE" in (await destroy_root(rotating, "2", "a test")).body
    rotating.clock.advance(seconds=KEPT_DAYS * DAY_S)
    assert msgspec.json.decode((await destroy_root(rotating, "1")).body) == {"destroyed": 1}
    assert rotating.key_store.destroyed == {"1"}
    rotating.seconds.now += 301
    assert await rotating.opened(*references) == ["ann@example.com"]


async def test_a_root_that_still_wraps_something_is_not_destroyed(rotating: Rotating) -> None:
    await rotating.seal("ann@example.com")
    await rotating.rotate("root")
    await rotating.execute("UPDATE vault_key SET root_version = '1' WHERE kind = 'tenant'")
    answer = await destroy_root(rotating, "1", "a test")
    assert b"KEY_IN_USE" in answer.body
    assert rotating.key_store.destroyed == set()
