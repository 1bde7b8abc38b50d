"""Rotations of each kind of key: everything opens and is found, and the old version ends."""

from uuid import uuid4

import pytest

from bezant.kernel.sealed import Sealing
from bezant.vault.rotation import NewRotation
from fixtures_rotation import EMAIL, Rotating

ADDRESSES = [f"person{number}@example.com" for number in range(30)]
KINDS = ["root", "tenant", "data", "index:test.email", "fingerprint", "requests"]


@pytest.mark.parametrize("kind", KINDS)
async def test_after_a_rotation_everything_opens_and_is_found(
    rotating: Rotating, kind: str
) -> None:
    references = await rotating.seal(*ADDRESSES)
    rotation = await rotating.rotate(kind)
    assert (rotation.state, rotation.failed) == ("done", 0)
    assert rotation.done == rotation.total
    assert await rotating.opened(*references) == ADDRESSES
    assert await rotating.found(ADDRESSES[7]) == [references[7]]
    assert await rotating.found("nobody@example.com") == [], "the control"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_rotation_leaves_one_active_version(rotating: Rotating, kind: str) -> None:
    subject = uuid4()
    await rotating.seal(ADDRESSES[0], subject=subject)
    for _ in range(2):
        await rotating.rotate(kind)
    rotations = rotating.vault.rotations
    match kind:
        case "root":
            versions = await rotations.roots()
        case "data":
            versions = (await rotations.subject_keys(rotating.tenant_id, subject)).keys
        case _:
            listed = await rotations.keys(rotating.tenant_id)
            versions = [key for key in listed.keys if key.kind == kind]
    states = [version.state for version in versions]
    assert states.count("active") == 1
    assert states[-1] == "active"
    assert set(states[:-1]) <= {"restore_only"}
    assert all(version.emptied_at for version in versions[:-1])


async def test_replaced_values_are_moved_with_the_others(rotating: Rotating) -> None:
    subject = uuid4()
    [reference] = await rotating.seal("old@example.com", subject=subject)
    new = Sealing(reference, subject, EMAIL, "new@example.com")
    await rotating.vault.fields.replace(rotating.call(), [new])
    rotation = await rotating.rotate("data")
    assert rotation.done == 2
    rows = await rotating.database.fetch(
        "SELECT key_version FROM vault_value WHERE tenant_id = $1", rotating.tenant_id
    )
    assert [row["key_version"] for row in rows] == [2, 2]


async def test_one_subjects_keys_are_rotated_alone(rotating: Rotating) -> None:
    one, other = uuid4(), uuid4()
    await rotating.seal("one@example.com", subject=one)
    await rotating.seal("other@example.com", subject=other)
    await rotating.rotate("data", one)
    rotations = rotating.vault.rotations
    counts = [
        len((await rotations.subject_keys(rotating.tenant_id, subject)).keys)
        for subject in (one, other)
    ]
    assert counts == [2, 1]


async def test_what_was_sealed_after_a_rotation_is_under_the_new_version(
    rotating: Rotating,
) -> None:
    subject = uuid4()
    await rotating.seal("one@example.com", subject=subject)
    await rotating.rotate("data")
    [reference] = await rotating.seal("two@example.com", subject=subject)
    [row] = await rotating.database.fetch(
        "SELECT key_version FROM vault_value WHERE tenant_id = $1 AND reference = $2",
        rotating.tenant_id,
        reference,
    )
    assert row["key_version"] == 2


async def test_a_broken_value_fails_alone_and_keeps_its_key(rotating: Rotating) -> None:
    references = await rotating.seal(*ADDRESSES[:5])
    broken = references[2]
    await rotating.execute(
        "UPDATE vault_value SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)"
        " WHERE reference = $1",
        broken,
    )
    rotation = await rotating.rotate("data")
    assert (rotation.state, rotation.done, rotation.failed) == ("done", 4, 1)
    good = [reference for reference in references if reference != broken]
    assert None not in await rotating.opened(*good)
    # The old version that something is left under is not destroyed, whatever is asked.
    assert await rotating.destroy("data", reason="a test") == {"destroyed": 4}
    # Mended, it is moved by the next rotation.
    await rotating.execute(
        "UPDATE vault_value SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)"
        " WHERE reference = $1",
        broken,
    )
    assert (await rotating.rotate("data")).failed == 0
    assert await rotating.opened(*references) == ADDRESSES[:5]


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("tenant", "UPDATE subject_key SET wrapped = set_byte(wrapped, 20, 0)"),
        ("root", "UPDATE vault_key SET wrapped = set_byte(wrapped, 20, 0) WHERE version = 1"),
        ("index:test.email", "UPDATE vault_index SET form = 'no form'"),
    ],
)
async def test_what_does_not_open_is_counted_and_keeps_the_old_version(
    rotating: Rotating, kind: str, statement: str
) -> None:
    await rotating.seal(ADDRESSES[0])
    change = rotating.execute_in_keys if kind == "tenant" else rotating.execute
    await change(statement)
    rotation = await rotating.rotate(kind)
    assert rotation.state == "done"
    assert rotation.failed == rotation.total > 0
    if kind != "root":
        refusal = await rotating.destroy(kind, 1, reason="a test")
        assert refusal["code"] == "KEY_IN_USE"  # type: ignore[index]


async def test_a_second_rotation_of_a_kind_waits_for_the_first(rotating: Rotating) -> None:
    await rotating.seal(ADDRESSES[0])
    await rotating.begin("data")
    answer = await rotating.vault.rotations.start(rotating.call(), NewRotation("data"))
    assert (answer.status, b"ROTATION_RUNNING" in answer.body) == (409, True)
    await rotating.begin("tenant")  # another kind may
    await rotating.vault.rotations.carry_on()
    await rotating.begin("data")


async def test_a_rotation_waits_while_the_key_store_is_down_and_says_why(
    rotating: Rotating,
) -> None:
    references = await rotating.seal(*ADDRESSES[:3])
    rotation_id = await rotating.begin("tenant")
    rotating.key_store.is_down = True
    await rotating.vault.rotations.carry_on()
    waiting = await rotating.vault.rotations.get(rotating.tenant_id, rotation_id)
    assert (waiting.state, waiting.last_error) == ("running", "KEY_STORE_DOWN")
    assert await rotating.opened(*references) == ADDRESSES[:3]
    rotating.key_store.is_down = False
    await rotating.vault.rotations.carry_on()
    done = await rotating.vault.rotations.get(rotating.tenant_id, rotation_id)
    assert (done.state, done.last_error) == ("done", None)


async def test_another_tenants_rotation_is_not_found(rotating: Rotating) -> None:
    rotation_id = await rotating.begin("data")
    assert (await rotating.vault.rotations.get(rotating.tenant_id, rotation_id)).id == rotation_id
    with pytest.raises(Exception, match="no such rotation"):
        await rotating.vault.rotations.get(uuid4(), rotation_id)


async def test_rotations_are_listed_the_newest_first(rotating: Rotating) -> None:
    ids = [(await rotating.rotate(kind)).id for kind in ("tenant", "data", "requests")]
    rotations = rotating.vault.rotations
    first = await rotations.page(rotating.tenant_id, after=None, limit=2)
    assert [rotation.id for rotation in first.rotations] == ids[:0:-1]
    rest = await rotations.page(rotating.tenant_id, after=first.next, limit=2)
    assert ([rotation.id for rotation in rest.rotations], rest.next) == ([ids[0]], None)
