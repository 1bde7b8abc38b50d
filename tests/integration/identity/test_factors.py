"""Factors: enrolled, changed and removed by whoever has just proven all of them, and told of."""

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bezant.identity.factors.domain import Method
from bezant.identity.factors.errors import (
    FactorNotFound,
    FreshLoginNeeded,
    PasswordRefused,
    ProofRefused,
)
from bezant.identity.factors.passwords import BreachedFile, Cost, Passwords
from bezant.identity.logins import Acr
from bezant.identity.sessions.errors import LoginRefused, SessionEnded, TicketOver
from bezant.kernel.errors import Busy
from fixtures_users import CHEAP, PASSWORD, CountingPasswords, Town

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

OTHER_PASSWORD = "a quite different sentence"


async def test_every_change_of_factors_needs_every_factor(town: Town) -> None:
    who = await town.somebody()
    weak = await town.log_in(who)
    factors = town.people.factors
    offer = await factors.begin_totp(weak)
    who.secret = offer.secret
    await factors.confirm_totp(weak, offer.ticket, town.code(who))
    [_, totp] = await factors.list(weak)
    changes: list[Callable[[], Awaitable[object]]] = [
        lambda: factors.change_password(weak, OTHER_PASSWORD),
        lambda: factors.begin_totp(weak),
        lambda: factors.confirm_totp(weak, offer.ticket, town.code(who)),
        lambda: factors.begin_passkey(weak),
        lambda: factors.confirm_passkey(weak, "{}"),
        lambda: factors.new_recovery_codes(weak),
        lambda: factors.remove(weak, totp.id),
    ]
    for change in changes:
        with pytest.raises(FreshLoginNeeded) as refused:
            await change()
        assert refused.value.needed is Acr.SCA
    strong = await town.log_in(who)
    await factors.remove(strong, totp.id)
    assert [each.method for each in await factors.list(strong)] == [Method.PASSWORD]


async def test_a_strong_login_is_fresh_for_minutes(town: Town) -> None:
    who = await town.with_totp()
    session = await town.log_in(who)
    town.later(300)
    await town.people.factors.new_recovery_codes(session)
    town.later(1)
    with pytest.raises(FreshLoginNeeded):
        await town.people.factors.new_recovery_codes(session)


async def test_the_user_is_told_of_every_change_and_no_secret_is(town: Town) -> None:
    who = await town.with_recovery_codes()
    session = await town.log_in(who)
    factors = town.people.factors
    await factors.change_password(session, OTHER_PASSWORD)
    [totp] = [each for each in await factors.list(session) if each.method is Method.TOTP]
    await factors.remove(session, totp.id)
    told = await town.events()
    for kind in (
        "user.invited",
        "user.activated",
        "user.password_changed",
        "user.browser_new",
        "user.factor_enrolled",
        "user.recovery_codes_made",
        "user.factor_removed",
    ):
        assert kind in [each for each, _ in told]
    assert ("user.factor_enrolled", {"factor": "totp"}) in told
    assert who.email not in str(told)
    assert who.secret not in str(told)


async def test_secrets_are_stored_in_no_readable_form(town: Town) -> None:
    who = await town.with_recovery_codes()
    database = town.means.database
    sealed = await database.fetch(
        "SELECT sealed FROM identity_totp WHERE tenant_id = $1", town.tenant_id
    )
    assert who.secret.encode() not in sealed[0]["sealed"]
    hashes = await database.fetch(
        "SELECT hash FROM identity_password WHERE tenant_id = $1", town.tenant_id
    )
    assert hashes[0]["hash"].startswith("$argon2id$")
    codes = await database.fetch(
        "SELECT code_hash FROM identity_recovery_code WHERE tenant_id = $1", town.tenant_id
    )
    assert len(codes) == len(set(who.codes)) == 10


async def test_the_code_that_enrols_an_application_is_used_up(town: Town) -> None:
    who = await town.somebody()
    session = await town.log_in(who)
    factors = town.people.factors
    offer = await factors.begin_totp(session)
    who.secret = offer.secret
    assert offer.uri.startswith("otpauth://totp/Bezant:ada%40example.com?")
    with pytest.raises(ProofRefused):
        await factors.confirm_totp(session, offer.ticket, "000000")
    code = town.code(who)
    await factors.confirm_totp(session, offer.ticket, code)
    step = await town.first_step(who)
    with pytest.raises(LoginRefused):
        await town.people.entrance.with_totp(town.tenant_id, who.browser, step.ticket, code)


async def test_an_offer_is_taken_up_once_and_in_its_own_session(town: Town) -> None:
    who = await town.somebody()
    session = await town.log_in(who)
    other = await town.log_in(await town.somebody("other@example.com"))
    factors = town.people.factors
    offer = await factors.begin_totp(session)
    who.secret = offer.secret
    with pytest.raises(TicketOver):
        await factors.confirm_totp(other, offer.ticket, town.code(who))
    await factors.confirm_totp(session, offer.ticket, town.code(who))
    strong = await town.log_in(who)
    town.later()
    with pytest.raises(TicketOver):
        await factors.confirm_totp(strong, offer.ticket, town.code(who))


async def test_new_recovery_codes_end_the_former_ones(town: Town) -> None:
    who = await town.with_recovery_codes()
    former = who.codes[0]
    session = await town.log_in(who)
    codes = await town.people.factors.new_recovery_codes(session)
    step = await town.first_step(who)
    entrance = town.people.entrance
    with pytest.raises(LoginRefused):
        await entrance.with_recovery_code(town.tenant_id, who.browser, step.ticket, former)
    typed = codes[0].lower().replace("-", " ")
    step = await entrance.with_recovery_code(town.tenant_id, who.browser, step.ticket, typed)
    assert step.is_done


async def test_another_users_factor_cannot_be_removed(town: Town) -> None:
    who = await town.with_totp()
    mine = await town.log_in(who)
    other = await town.log_in(await town.somebody("other@example.com"))
    [password, totp] = await town.people.factors.list(mine)
    for factor in (totp, password):
        with pytest.raises(FactorNotFound):
            await town.people.factors.remove(other, factor.id)
    with pytest.raises(FactorNotFound):
        await town.people.factors.remove(mine, password.id)
    await town.people.factors.remove(mine, totp.id)


async def test_a_changed_password_ends_every_other_session(town: Town) -> None:
    who = await town.somebody()
    elsewhere = town.browser()
    step = await town.first_step(who, browser=elsewhere)
    cookie = (await town.people.entrance.enter(town.tenant_id, elsewhere, step.ticket)).cookie
    session = await town.log_in(who)
    begun = await town.first_step(who)
    await town.people.factors.change_password(session, OTHER_PASSWORD)
    browsing = town.people.browsing
    with pytest.raises(SessionEnded):
        await browsing.find(town.tenant_id, elsewhere, cookie)
    with pytest.raises(TicketOver):
        await town.people.entrance.enter(town.tenant_id, who.browser, begun.ticket)
    assert await browsing.find(town.tenant_id, who.browser, who.cookie) == session
    with pytest.raises(LoginRefused):
        await town.first_step(who)
    who.password = OTHER_PASSWORD
    assert (await town.first_step(who)).is_done


@pytest.mark.parametrize(
    "password",
    ["fourteen chars", "x" * 129, "aaaaaaaaaaaaaaaaaaaaaa", "abababababababababab"],
)
async def test_a_password_that_is_easily_guessed_is_refused(
    passwords: CountingPasswords, password: str
) -> None:
    with pytest.raises(PasswordRefused):
        await passwords.require_fit(password)
    await passwords.require_fit(PASSWORD)
    await passwords.require_fit("fifteen letters")


async def test_a_password_that_is_the_login_name_is_refused(passwords: CountingPasswords) -> None:
    with pytest.raises(PasswordRefused):
        await passwords.require_fit("Ada.Lovelace@example.com", ["ada.lovelace@example.com"])


async def test_a_breached_password_is_found_in_the_file(tmp_path: Path) -> None:
    known = [f"password number {number}" for number in range(500)]
    digests = sorted(hashlib.sha1(each.encode()).hexdigest().upper() for each in known)
    path = tmp_path / "breached"
    path.write_text("".join(f"{digest}:{len(digest)}\r\n" for digest in digests))
    breached = BreachedFile(path)
    assert all(breached.holds(each) for each in known)
    assert not any(breached.holds(f"another password {number}") for number in range(500))
    passwords = Passwords(breached, CHEAP)
    with pytest.raises(PasswordRefused):
        await passwords.require_fit(known[7])
    await passwords.require_fit(PASSWORD)
    passwords.close()


async def test_an_empty_list_of_breached_passwords_holds_none(tmp_path: Path) -> None:
    path = tmp_path / "breached"
    path.write_text("")
    assert not BreachedFile(path).holds(PASSWORD)


async def test_two_ways_of_typing_a_letter_are_one_password(passwords: CountingPasswords) -> None:
    encoded = await passwords.hash("un mot de passe secr\u00e8t")
    assert await passwords.verify(encoded, "un mot de passe secre\u0300t")
    assert not await passwords.verify(encoded, "un mot de passe secret")


async def test_a_hash_of_another_cost_is_made_again_at_the_next_login(town: Town) -> None:
    who = await town.somebody()
    dearer = Passwords(cost=Cost(memory_kib=16, passes=2, lanes=1))
    former = await dearer.hash(who.password)
    database = town.means.database

    async def put(connection: object) -> None:
        await connection.execute(  # type: ignore[attr-defined]
            "UPDATE identity_password SET hash = $2 WHERE tenant_id = $1", town.tenant_id, former
        )

    await database.transaction(put)
    assert (await town.first_step(who)).is_done
    [row] = await database.fetch(
        "SELECT hash FROM identity_password WHERE tenant_id = $1", town.tenant_id
    )
    assert "m=8,t=1,p=1" in row["hash"]
    assert (await town.first_step(who)).is_done
    dearer.close()


async def test_more_logins_at_once_than_can_wait_are_told_to_come_back() -> None:
    passwords = Passwords(cost=CHEAP)
    done = await asyncio.gather(
        *(passwords.verify(None, PASSWORD) for _ in range(100)), return_exceptions=True
    )
    assert sum(isinstance(each, Busy) for each in done) == 36
    assert sum(each is False for each in done) == 64
    passwords.close()
