"""Browser sessions: where they are good, until when, and what ends them."""

import asyncio

import pytest

from bezant.identity.factors import recovery
from bezant.identity.factors import store as factors_store
from bezant.identity.sessions.browsing import IDLE, LIFETIME
from bezant.identity.sessions.errors import LoginRefused, SessionEnded, TicketOver
from fixtures_users import Town


async def test_a_session_is_good_in_its_browser_only(town: Town) -> None:
    who = await town.somebody()
    session = await town.log_in(who)
    browsing = town.people.browsing
    assert await browsing.find(town.tenant_id, who.browser, who.cookie) == session
    with pytest.raises(SessionEnded):
        await browsing.find(town.tenant_id, town.browser(), who.cookie)
    with pytest.raises(SessionEnded):
        await browsing.find(who.id, who.browser, who.cookie)
    with pytest.raises(SessionEnded):
        await browsing.find(town.tenant_id, who.browser, "bzs_nonsense")


async def test_a_session_ends_when_it_is_idle_and_in_the_end_anyway(town: Town) -> None:
    who = await town.somebody()
    await town.log_in(who)
    browsing = town.people.browsing
    uses = int(LIFETIME.total_seconds()) // 240
    for _ in range(3):
        town.later(240)
        await browsing.find(town.tenant_id, who.browser, who.cookie)
        await asyncio.gather(*town.sessions._touches)
    town.later(int(IDLE.total_seconds()))
    with pytest.raises(SessionEnded):
        await browsing.find(town.tenant_id, who.browser, who.cookie)
    await town.log_in(who)
    for _ in range(uses - 1):
        town.later(240)
        await browsing.find(town.tenant_id, who.browser, who.cookie)
        await asyncio.gather(*town.sessions._touches)
    town.later(240)
    with pytest.raises(SessionEnded):
        await browsing.find(town.tenant_id, who.browser, who.cookie)


async def test_sessions_are_listed_and_ended_by_their_user_alone(town: Town) -> None:
    who, other = await town.somebody(), await town.somebody("other@example.com")
    here = await town.log_in(who)
    elsewhere = town.browser()
    step = await town.first_step(who, browser=elsewhere)
    there = await town.people.entrance.enter(town.tenant_id, elsewhere, step.ticket)
    stranger = await town.log_in(other)
    browsing = town.people.browsing
    assert [each.id for each in await browsing.list(here)] == [there.session.id, here.id]
    await browsing.revoke(stranger, here.id)
    assert await browsing.find(town.tenant_id, who.browser, who.cookie) == here
    await browsing.revoke(here, there.session.id)
    with pytest.raises(SessionEnded):
        await browsing.find(town.tenant_id, elsewhere, there.cookie)
    assert [each.id for each in await browsing.list(here)] == [here.id]
    await browsing.leave(here)
    with pytest.raises(SessionEnded):
        await browsing.find(town.tenant_id, who.browser, who.cookie)


async def test_a_disabled_user_is_out_everywhere(town: Town) -> None:
    who = await town.somebody()
    await town.log_in(who)
    step = await town.first_step(who)
    await town.people.users.disable(town.call(), who.id)
    with pytest.raises(SessionEnded):
        await town.people.browsing.find(town.tenant_id, who.browser, who.cookie)
    with pytest.raises(TicketOver):
        await town.enter(who, step)
    with pytest.raises(LoginRefused):
        await town.first_step(who)


async def test_a_login_of_another_in_the_same_browser_ends_the_session_before(town: Town) -> None:
    who, other = await town.somebody(), await town.somebody("other@example.com")
    await town.log_in(who)
    other.browser, other.cookie = who.browser, who.cookie
    session = await town.log_in(other)
    assert session.user_id == other.id
    with pytest.raises(SessionEnded):
        await town.people.browsing.find(town.tenant_id, who.browser, who.cookie)


async def test_a_step_up_is_entered_in_its_own_session(town: Town) -> None:
    who, other = await town.with_totp(), await town.somebody("other@example.com")
    session = await town.log_in(who)
    other.browser = who.browser
    step = await town.people.entrance.again(session, who.browser, session.login.acr)
    entered = await town.enter(other, await town.first_step(other))
    with pytest.raises(TicketOver):
        await town.people.entrance.enter(town.tenant_id, who.browser, step.ticket, entered.cookie)


async def test_the_rows_themselves_let_one_of_fifty_have_a_proof(town: Town) -> None:
    """Below the throttle, which lets few of fifty come as far as this."""
    who = await town.with_recovery_codes()
    database, tenant_id = town.means.database, town.tenant_id
    digest = recovery.digest_of(who.id, who.codes[0])
    step = int(town.clock.now().timestamp()) // 30 + 1

    async def take(statement: str, *values: object) -> bool:
        async def work(connection):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - asyncpg's
            return await connection.fetchrow(statement, tenant_id, who.id, *values)

        return await database.transaction(work) is not None

    codes = [take(factors_store.TAKE_RECOVERY_CODE, digest) for _ in range(50)]
    assert sum(await asyncio.gather(*codes)) == 1
    now = town.clock.now()
    steps = [take(factors_store.TAKE_STEP, step, now) for _ in range(50)]
    assert sum(await asyncio.gather(*steps)) == 1


async def test_what_is_over_is_removed(town: Town) -> None:
    who = await town.somebody()
    await town.first_step(who)
    await town.people.entrance.forgotten(town.tenant_id, who.browser, who.email)
    people, tenant_id = town.people, town.tenant_id
    now = town.clock.now()
    assert await people.tickets.remove_over(tenant_id, now, 100) == 0
    assert await people.throttle.remove_old(tenant_id, now, 100) == 0
    assert await people.approvals.remove_over(tenant_id, now, 100) == 0
    town.later(86_400)
    assert await people.tickets.remove_over(tenant_id, town.clock.now(), 100) > 0
    assert await people.throttle.remove_old(tenant_id, town.clock.now(), 100) > 0
