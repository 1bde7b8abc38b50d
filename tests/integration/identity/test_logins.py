"""Logins: what is asked, what is refused, and that each proof is good once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from bezant.identity.factors.domain import Method
from bezant.identity.logins import Acr
from bezant.identity.sessions.errors import (
    LoginRefused,
    SessionEnded,
    TicketOver,
    TooManyAttempts,
)
from bezant.identity.sessions.ports import Browser
from bezant.identity.sessions.throttle import WAIT_MAX
from bezant.kernel.errors import Refusal
from bezant.kernel.sealed import TooManySearches
from fixtures_users import PASSWORD, Town

T = TypeVar("T")

AT_ONCE = 50


async def successes(tries: list[Coroutine[Any, Any, T]]) -> list[T]:
    """What of many at once succeeded; the others were refused."""
    done = await asyncio.gather(*tries, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException):
            assert isinstance(each, Refusal), each
    return [each for each in done if not isinstance(each, BaseException)]


async def test_a_user_without_a_second_factor_logs_in_by_password(town: Town) -> None:
    who = await town.somebody()
    step = await town.first_step(who)
    assert (step.acr, step.left, step.is_done) == (Acr.PASSWORD, (), True)
    entered = await town.enter(who, step)
    assert entered.session.user_id == who.id
    assert entered.session.login.amr == ("pwd",)
    found = await town.people.browsing.find(town.tenant_id, who.browser, entered.cookie)
    assert found == entered.session


async def test_an_address_tries_few_names_a_second_and_keeps_nobody_else_from_it(
    town: Town,
) -> None:
    who = await town.somebody()
    # Of IPv6 a subscriber has a whole network.
    browsers = [Browser(who.browser.device, f"2001:db8::{host:x}") for host in range(1, 401)]
    identify = town.people.entrance.identify
    tried = await asyncio.gather(
        *(identify(town.tenant_id, browser, who.email) for browser in browsers),
        return_exceptions=True,
    )
    assert {type(each) for each in tried} == {tuple, TooManySearches}
    assert await identify(town.tenant_id, who.browser, who.email) == (who.id, True)


async def test_wrong_unknown_invited_and_disabled_are_one_answer_and_one_work(town: Town) -> None:
    who = await town.somebody()
    await town.invited("invited@example.com")
    gone = await town.somebody("gone@example.com")
    await town.people.users.disable(town.call(), gone.id)
    tries = [
        (who.email, "not the right password"),
        ("nobody@example.com", PASSWORD),
        ("no address at all", PASSWORD),
        ("invited@example.com", PASSWORD),
        (gone.email, PASSWORD),
    ]
    answers = set()
    for name, password in tries:
        before = town.passwords.verified
        with pytest.raises(LoginRefused) as refused:
            await town.people.entrance.with_password(
                town.tenant_id, town.browser(), name, password, Acr.PASSWORD
            )
        assert town.passwords.verified == before + 1, name
        answers.add(refused.value.encode())
    assert len(answers) == 1
    assert (await town.first_step(who)).is_done


async def test_a_second_factor_is_asked_for_whatever_is_needed(town: Town) -> None:
    who = await town.with_totp()
    step = await town.first_step(who, Acr.PASSWORD)
    assert (step.left, step.is_done, step.must_enrol) == ((Method.TOTP,), False, False)
    with pytest.raises(TicketOver):
        await town.enter(who, step)
    session = await town.log_in(who)
    assert session.login.acr is Acr.SCA
    assert session.login.amr == ("pwd", "otp", "mfa")


async def test_who_lacks_the_factors_that_are_needed_is_let_in_to_enrol_them(town: Town) -> None:
    who = await town.somebody()
    step = await town.first_step(who, Acr.SCA)
    assert (step.left, step.is_done, step.must_enrol) == ((), False, True)
    session = (await town.enter(who, step)).session
    assert session.login.acr is Acr.PASSWORD
    offer = await town.people.factors.begin_totp(session)
    who.secret = offer.secret
    await town.people.factors.confirm_totp(session, offer.ticket, town.code(who))
    again = await town.people.entrance.again(session, who.browser, Acr.SCA)
    assert again.left == (Method.TOTP,)
    town.later()
    step = await town.people.entrance.with_totp(
        town.tenant_id, who.browser, again.ticket, town.code(who)
    )
    before = who.cookie
    stronger = (await town.enter(who, step)).session
    assert (stronger.id, stronger.login.acr) == (session.id, Acr.SCA)
    with pytest.raises(SessionEnded):
        await town.people.browsing.find(town.tenant_id, who.browser, before)


async def test_an_old_login_is_proven_again_from_its_beginning(town: Town) -> None:
    who = await town.with_totp()
    session = await town.log_in(who)
    town.later(200)
    assert (await town.people.entrance.again(session, who.browser, Acr.SCA)).is_done
    step = await town.people.entrance.again(session, who.browser, Acr.SCA, max_age_s=100)
    assert set(step.left) == {Method.PASSWORD, Method.TOTP}
    entrance = town.people.entrance
    with pytest.raises(LoginRefused):
        await entrance.with_own_password(town.tenant_id, who.browser, step.ticket, "wrong" * 4)
    step = await entrance.with_own_password(town.tenant_id, who.browser, step.ticket, who.password)
    step = await entrance.with_totp(town.tenant_id, who.browser, step.ticket, town.code(who))
    assert (await town.enter(who, step)).session.login.at == town.clock.now()


async def test_of_fifty_uses_of_one_code_at_once_one_succeeds(town: Town) -> None:
    who = await town.with_totp()
    town.later()
    steps = [await town.first_step(who) for _ in range(5)]
    code, entrance = town.code(who), town.people.entrance
    tries = [
        entrance.with_totp(town.tenant_id, who.browser, steps[number % 5].ticket, code)
        for number in range(AT_ONCE)
    ]
    assert len(await successes(tries)) == 1
    # The ticket may be the one that the code was used with.
    with pytest.raises((LoginRefused, TooManyAttempts, TicketOver)):
        await entrance.with_totp(town.tenant_id, who.browser, steps[0].ticket, code)


async def test_a_code_of_an_older_step_than_one_used_is_refused(town: Town) -> None:
    who = await town.with_totp()
    town.later()
    early = town.code(who)
    town.later()
    await town.log_in(who)
    step = await town.first_step(who)
    with pytest.raises(LoginRefused):
        await town.people.entrance.with_totp(town.tenant_id, who.browser, step.ticket, early)


async def test_a_clock_may_be_a_step_off_and_no_more(town: Town) -> None:
    who = await town.with_totp()
    town.later(90)
    old = town.code(who)
    town.later(60)
    step = await town.first_step(who)
    entrance = town.people.entrance
    with pytest.raises(LoginRefused):
        await entrance.with_totp(town.tenant_id, who.browser, step.ticket, old)
    late = town.code(who)
    town.later(30)
    assert (await entrance.with_totp(town.tenant_id, who.browser, step.ticket, late)).is_done


async def test_of_fifty_uses_of_one_recovery_code_at_once_one_succeeds(town: Town) -> None:
    who = await town.with_recovery_codes()
    steps = [await town.first_step(who) for _ in range(5)]
    code, entrance = who.codes[0], town.people.entrance
    tries = [
        entrance.with_recovery_code(town.tenant_id, who.browser, steps[number % 5].ticket, code)
        for number in range(AT_ONCE)
    ]
    [step] = await successes(tries)
    assert (step.acr, step.is_done) == (Acr.SCA, True)
    assert (await town.kinds()).count("user.recovery_code_used") == 1
    left = [each.count for each in await town.people.factors.list(await town.log_in(who))]
    assert 9 in left


async def test_of_fifty_entries_with_one_ticket_one_succeeds(town: Town) -> None:
    who = await town.somebody()
    step = await town.first_step(who)
    tries = [
        town.people.entrance.enter(town.tenant_id, who.browser, step.ticket) for _ in range(AT_ONCE)
    ]
    assert len(await successes(tries)) == 1


async def test_a_ticket_is_of_no_use_in_another_browser_or_later(town: Town) -> None:
    who = await town.with_totp()
    step = await town.first_step(who)
    town.later()
    entrance, code = town.people.entrance, town.code(who)
    with pytest.raises(TicketOver):
        await entrance.with_totp(town.tenant_id, town.browser(), step.ticket, code)
    assert (await entrance.with_totp(town.tenant_id, who.browser, step.ticket, code)).is_done
    late = await town.first_step(who)
    town.later(600)
    with pytest.raises(TicketOver):
        await entrance.with_totp(town.tenant_id, who.browser, late.ticket, town.code(who))


async def test_guesses_make_each_other_wait_and_not_the_victim(town: Town) -> None:
    who = await town.somebody()
    await town.log_in(who)
    entrance = town.people.entrance

    async def guess(address: str = "198.51.100.7") -> None:
        await entrance.with_password(
            town.tenant_id, town.browser(address), who.email, "a wrong password", Acr.PASSWORD
        )

    for _ in range(5):
        with pytest.raises(LoginRefused):
            await guess()
    with pytest.raises(TooManyAttempts) as waiting:
        await guess("203.0.113.9")
    assert waiting.value.retry_after_s == 5
    # Whoever has the password waits as well in a browser that is new, and not in their own.
    with pytest.raises(TooManyAttempts):
        await town.first_step(who, browser=town.browser())
    assert (await town.first_step(who)).is_done
    # Never for ever: after the longest wait a new browser gets its turn.
    for _ in range(12):
        town.later(int(WAIT_MAX.total_seconds()))
        with pytest.raises(LoginRefused):
            await guess()
    town.later(int(WAIT_MAX.total_seconds()))
    assert (await town.first_step(who, browser=town.browser())).is_done


async def test_guesses_at_once_are_no_more_than_guesses_one_by_one(town: Town) -> None:
    who = await town.somebody()
    before = town.passwords.verified
    tries = [
        town.people.entrance.with_password(
            town.tenant_id, town.browser(), who.email, f"a wrong password {number}", Acr.PASSWORD
        )
        for number in range(AT_ONCE)
    ]
    assert await successes(tries) == []
    assert 0 < town.passwords.verified - before <= 5


async def test_a_name_that_nobody_has_makes_wait_like_one_that_somebody_has(town: Town) -> None:
    await town.somebody()
    waits = []
    for name in ("ada@example.com", "nobody@example.com"):
        for number in range(7):
            spelt = name.upper() if number % 2 else name
            try:
                await town.people.entrance.with_password(
                    town.tenant_id, town.browser(f"192.0.2.{number}"), spelt, PASSWORD + "?",
                    Acr.PASSWORD,
                )  # fmt: skip
            except Refusal as refusal:
                waits.append(type(refusal))
    assert waits[:7] == waits[7:]
    assert waits[:7] == [LoginRefused] * 5 + [TooManyAttempts] * 2


async def test_an_address_that_tries_everybody_waits(town: Town) -> None:
    who = await town.somebody()
    entrance = town.people.entrance
    for number in range(50):
        with pytest.raises(LoginRefused):
            await entrance.with_password(
                town.tenant_id,
                town.browser(f"2001:db8::{number:x}"),
                f"somebody.{number}@example.com",
                "the same password everywhere",
                Acr.PASSWORD,
            )
    with pytest.raises(TooManyAttempts):
        await town.first_step(who, browser=town.browser("2001:db8::ffff"))
    assert (await town.first_step(who, browser=town.browser("2001:db8:0:1::1"))).is_done
