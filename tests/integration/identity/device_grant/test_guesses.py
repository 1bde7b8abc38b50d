"""Guessed user codes: few for each user, whatever others do, and never none."""

import asyncio
from uuid import UUID, uuid4

import pytest

from authorizing import Realm
from bezant.identity.device_grant import UserCodes, UserCodeUnknown, guesses, write_user_code
from bezant.identity.sessions import Throttle
from bezant.identity.sessions.errors import TooManyAttempts
from bezant.kernel.database import Database
from devices import Device, ask, typed

WRONG = "BBBB-BBBB"
NO_CODE = "hello"


def address() -> str:
    """Of nobody else."""
    return f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"


async def guess(realm: Realm, user_id: UUID, count: int, where: str) -> int:
    """Try wrong codes; how many were looked at."""
    for tried in range(count):
        try:
            await typed(realm, WRONG, user_id, where)
        except UserCodeUnknown:
            continue
        except TooManyAttempts:
            return tried
    return count


async def test_after_ten_wrong_codes_a_user_waits_even_with_the_right_one(realm: Realm) -> None:
    device, user_id, where = await Device.of(await realm.register()), uuid4(), address()
    code = device.told["user_code"]
    assert await guess(realm, user_id, 15, where) == guesses.FREE
    with pytest.raises(TooManyAttempts) as refused:
        # From another address too: it is the user who is counted.
        await typed(realm, code, user_id, address())
    assert refused.value.retry_after_s == 5
    # Others are not held up, at the same address either.
    await typed(realm, code, uuid4(), where)
    realm.clock.advance(seconds=5)
    await typed(realm, code, user_id, where)


async def test_guesses_at_the_same_time_are_no_more_than_others(realm: Realm) -> None:
    user_id, where = uuid4(), address()
    tried = await asyncio.gather(*(guess(realm, user_id, 1, where) for _ in range(20)))
    assert sum(tried) == guesses.FREE


async def test_right_codes_and_what_is_no_code_do_not_count(realm: Realm) -> None:
    device, user_id, where = await Device.of(await realm.register()), uuid4(), address()
    for _ in range(guesses.FREE + 1):
        await typed(realm, device.told["user_code"], user_id, where)
        with pytest.raises(UserCodeUnknown):
            await typed(realm, NO_CODE, user_id, where)
    assert await guess(realm, user_id, 15, where) == guesses.FREE


@pytest.mark.parametrize("what", ["ADDRESS_PER_HOUR", "TENANT_PER_HOUR"])
async def test_under_attack_everybody_has_three_tries_and_nobody_has_none(
    realm: Realm, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(guesses, "TENANT_PER_HOUR", 10_000)
    device, where = await Device.of(await realm.register()), address()
    elsewhere = where if what == "ADDRESS_PER_HOUR" else address()
    assert await guess(realm, uuid4(), 4, where) == 4
    monkeypatch.setattr(guesses, what, 4)
    victim = uuid4()
    assert await guess(realm, victim, 10, elsewhere) == guesses.FREE_UNDER_ATTACK
    await typed(realm, device.told["user_code"], uuid4(), elsewhere)
    # In another hour it is over; in one of each case's own, as they share a tenant.
    realm.clock.advance(seconds=3_600 if what == "ADDRESS_PER_HOUR" else 7_200)
    assert await guess(realm, uuid4(), 4, elsewhere) == 4


async def test_codes_are_no_guesses_of_passwords(realm: Realm, database: Database) -> None:
    """An office that mistypes codes does not keep itself from logging in."""
    where, throttle = address(), Throttle(database, realm.clock, bytes(32))
    for _ in range(6):
        await guess(realm, uuid4(), guesses.FREE, where)
    await throttle.take(realm.issuer.tenant_id, throttle.address(where))


async def test_a_code_that_another_device_shows_is_drawn_again(
    realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await realm.register()
    taken, free = (UserCodes(bytes(32)).draw() for _ in range(2))
    drawn = iter([taken, taken, free, *[taken] * 5])
    monkeypatch.setattr(UserCodes, "draw", lambda _: next(drawn))
    shown = [(await Device.of(app)).told["user_code"] for _ in range(2)]
    assert shown == [write_user_code(taken), write_user_code(free)]
    # Where none is free it says so, and begins nothing.
    answer = await ask(app, {"scope": "openid"})
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
