"""Keys of the vault: cached for minutes, limited in use, made once, wiped."""

import asyncio
from collections import Counter
from uuid import uuid4

import pytest

from bezant.kernel.errors import Refusal
from bezant.kernel.sealed import Sealing
from bezant.kernel.sealing import SealBroken
from bezant.vault.crypto.cache import SECONDS_MAX
from bezant.vault.keys import KeyKind, SubjectKeys
from bezant.vault.keystores import KeyRefused, KeyStoreDown
from fixtures_rotation import EMAIL, Rotating

PER_VERSION = (
    "SELECT key_version, count(*) AS count FROM vault_value WHERE tenant_id = $1 GROUP BY 1"
)
COUNTED = "SELECT version, state, messages FROM subject_key WHERE tenant_id = $1 ORDER BY version"


async def test_with_its_key_store_down_the_vault_serves_five_minutes_and_then_answers_503(
    rotating: Rotating,
) -> None:
    [reference] = await rotating.seal("ann@example.com")
    rotating.key_store.is_down = True
    rotating.seconds.now += SECONDS_MAX - 1
    assert await rotating.opened(reference) == ["ann@example.com"]
    assert await rotating.found("ann@example.com") == [reference]
    await rotating.seal("bob@example.com")
    rotating.seconds.now += 1
    for work in (
        rotating.opened(reference),
        rotating.found("ann@example.com"),
        rotating.seal("cid@example.com"),
    ):
        with pytest.raises(Refusal) as refused:
            await work
        assert (refused.value.status, refused.value.code) == (503, "KEY_STORE_DOWN")
    rotating.key_store.is_down = False
    assert await rotating.opened(reference) == ["ann@example.com"]


async def test_use_does_not_keep_a_key_longer(rotating: Rotating) -> None:
    [reference] = await rotating.seal("ann@example.com")
    rotating.key_store.is_down = True
    for _ in range(5):
        rotating.seconds.now += SECONDS_MAX / 5 - 1
        await rotating.opened(reference)
    rotating.seconds.now += 5
    with pytest.raises(KeyStoreDown):
        await rotating.opened(reference)


async def test_keys_in_memory_are_zeros_once_they_have_expired(rotating: Rotating) -> None:
    await rotating.seal("ann@example.com")
    kept = [each.key for each in rotating.vault._cache._kept.values()]
    raw = [key.raw for key in kept]
    assert all(any(key) for key in raw), "the control"
    rotating.seconds.now += SECONDS_MAX
    rotating.vault._cache.expire()
    assert all(key.is_wiped for key in kept)
    assert not any(any(key) for key in raw)


async def test_no_version_of_a_key_seals_more_than_its_limit(rotating: Rotating) -> None:
    limited = 10
    subjects = SubjectKeys(
        rotating.keys,
        rotating.vault.tenants,
        rotating.clock,
        rotating.vault.rotations._data._random_bytes,
        messages_max=limited,
    )
    rotating.vault.fields._subjects = subjects
    subject = uuid4()
    references = await asyncio.gather(
        *(rotating.seal(f"p{n}@example.com", subject=subject) for n in range(60))
    )
    rows = await rotating.database.fetch(PER_VERSION, rotating.tenant_id)
    counts = {row["key_version"]: row["count"] for row in rows}
    assert sum(counts.values()) == 60
    assert max(counts.values()) <= limited
    assert len(counts) >= 6
    counted = await rotating.keys.fetch(COUNTED, rotating.tenant_id)
    assert all(row["messages"] <= limited for row in counted)
    assert [row["state"] for row in counted].count("active") == 1
    assert None not in await rotating.opened(*(each for [each] in references))


async def test_a_batch_of_many_counts_each_of_its_messages(rotating: Rotating) -> None:
    subject = uuid4()
    await rotating.seal(*(f"p{n}@example.com" for n in range(300)), subject=subject)
    [row] = await rotating.keys.fetch(COUNTED, rotating.tenant_id)
    assert row["messages"] >= 300


async def test_fifty_first_seals_at_once_make_one_key(rotating: Rotating) -> None:
    subject = uuid4()
    sealed = await asyncio.gather(
        *(rotating.seal(f"p{n}@example.com", subject=subject) for n in range(50))
    )
    rows = await rotating.keys.fetch(COUNTED, rotating.tenant_id)
    assert [(row["version"], row["state"]) for row in rows] == [(1, "active")]
    states = await rotating.states(KeyKind.TENANT)
    assert states == {"1": "active"}
    opened = await rotating.opened(*(each for [each] in sealed))
    assert Counter(opened) == Counter(f"p{n}@example.com" for n in range(50))


@pytest.mark.parametrize("column", ["tenant_id", "subject_id", "field", "reference"])
async def test_a_value_that_was_copied_elsewhere_does_not_open(
    rotating: Rotating, column: str
) -> None:
    """Each part of the context: the ciphertext is put where another value of the tenant's is."""
    subject = uuid4()
    one, other = await rotating.seal("ann@example.com", "bob@example.com", subject=subject)
    assert await rotating.opened(one, other) == ["ann@example.com", "bob@example.com"]
    match column:
        case "reference":
            await rotating.execute(
                "UPDATE vault_value SET sealed ="
                " (SELECT sealed FROM vault_value WHERE reference = $1) WHERE reference = $2",
                one,
                other,
            )
        case "field":
            await rotating.execute(
                "UPDATE vault_value SET field = 'test.other' WHERE reference = $1", other
            )
        case "subject_id":
            [elsewhere] = await rotating.seal("cid@example.com")
            await rotating.execute(
                "UPDATE vault_value SET subject_id ="
                " (SELECT subject_id FROM vault_value WHERE reference = $1) WHERE reference = $2",
                elsewhere,
                other,
            )
        case _:
            await copy_to_another_tenant(rotating, other)
            return
    with pytest.raises(SealBroken):
        await rotating.opened(other)
    assert await rotating.opened(one) == ["ann@example.com"], "the control"


async def copy_to_another_tenant(rotating: Rotating, reference: object) -> None:
    """Another tenant has the same subject, and the row with its ciphertext."""
    [row] = await rotating.database.fetch(
        "SELECT * FROM vault_value WHERE reference = $1", reference
    )
    tenant_id = uuid4()
    call = rotating.elsewhere(rotating.call(), tenant_id)
    sealing = Sealing(row["reference"], row["subject_id"], EMAIL, "eve@example.com")
    await rotating.vault.fields.seal(call, [sealing])
    assert (await rotating.vault.fields.open(call, [row["reference"]])).values
    await rotating.execute(
        "UPDATE vault_value SET sealed = $1 WHERE tenant_id = $2", row["sealed"], tenant_id
    )
    with pytest.raises(SealBroken):
        await rotating.vault.fields.open(call, [row["reference"]])


async def test_another_version_of_the_key_does_not_open_a_value(rotating: Rotating) -> None:
    [reference] = await rotating.seal("ann@example.com")
    await rotating.rotate("data")
    await rotating.execute("UPDATE vault_value SET key_version = 1")
    with pytest.raises(SealBroken):
        await rotating.opened(reference)


async def test_a_wrapped_key_of_a_tenant_opens_in_its_place_only(rotating: Rotating) -> None:
    [reference] = await rotating.seal("ann@example.com")
    await rotating.execute(
        "UPDATE vault_key SET wrapped ="
        " (SELECT wrapped FROM vault_key WHERE kind = 'index:test.email') WHERE kind = 'tenant'"
    )
    rotating.seconds.now += SECONDS_MAX
    with pytest.raises(KeyRefused):
        await rotating.opened(reference)
    assert await rotating.found("ann@example.com") == [reference], "the control"


async def test_a_wrapped_key_of_a_subject_opens_in_its_place_only(rotating: Rotating) -> None:
    one, other = await rotating.seal("ann@example.com", "bob@example.com")
    [row] = await rotating.database.fetch(
        "SELECT subject_id FROM vault_value WHERE reference = $1", one
    )
    await rotating.execute_in_keys(
        "UPDATE subject_key SET wrapped = (SELECT wrapped FROM subject_key WHERE subject_id = $1)",
        row["subject_id"],
    )
    with pytest.raises(SealBroken):
        await rotating.opened(other)
    assert await rotating.opened(one) == ["ann@example.com"], "the control"
