"""One-time links: an invitation, a reset, the first operator's; each is used once."""

import asyncio

import pytest

from bezant.identity.factors.domain import Method
from bezant.identity.factors.errors import PasswordRefused
from bezant.identity.logins import Acr
from bezant.identity.sessions.errors import (
    LinkOver,
    LoginRefused,
    SessionEnded,
    TicketOver,
    TooManyAttempts,
)
from bezant.identity.sessions.links import OperatorLinks
from bezant.identity.sessions.ports import LinkKind, Step
from bezant.identity.users.domain import Role, Status
from bezant.identity.users.errors import LoginNameTaken
from bezant.identity.users.schemas import IssuedLink, NewLink
from bezant.kernel.errors import Refusal
from fixtures_users import PASSWORD, Somebody, Town

OTHER_PASSWORD = "a quite different sentence"


async def reset_link(town: Town, who: Somebody) -> str:
    answer = await town.people.users.issue_link(town.call(), who.id, NewLink("reset"))
    link = answer.value(IssuedLink).link
    assert link is not None
    return link


async def test_of_fifty_uses_of_one_invitation_at_once_one_succeeds(town: Town) -> None:
    invited = await town.invited()
    link, entrance = invited.link, town.people.entrance
    assert link is not None
    assert await entrance.look_at(town.tenant_id, link) is LinkKind.INVITATION
    browser = town.browser()
    done = await asyncio.gather(
        *(
            entrance.use_link(town.tenant_id, browser, link, f"{PASSWORD} {number}")
            for number in range(50)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Step) for each in done) == 1
    assert all(isinstance(each, Step | Refusal) for each in done)
    with pytest.raises(LinkOver):
        await entrance.look_at(town.tenant_id, link)


async def test_a_link_survives_a_password_that_is_refused(town: Town) -> None:
    link = (await town.invited()).link
    assert link is not None
    entrance = town.people.entrance
    with pytest.raises(PasswordRefused):
        await entrance.use_link(town.tenant_id, town.browser(), link, "short")
    step = await entrance.use_link(town.tenant_id, town.browser(), link, PASSWORD)
    assert (step.acr, step.is_done) == (Acr.PASSWORD, True)


async def test_a_link_ends_with_its_time_and_with_its_successor(town: Town) -> None:
    who = await town.somebody()
    first = await reset_link(town, who)
    second = await reset_link(town, who)
    entrance = town.people.entrance
    with pytest.raises(LinkOver):
        await entrance.use_link(town.tenant_id, who.browser, first, OTHER_PASSWORD)
    assert await entrance.look_at(town.tenant_id, second) is LinkKind.RESET
    town.later(3600)
    with pytest.raises(LinkOver):
        await entrance.use_link(town.tenant_id, who.browser, second, OTHER_PASSWORD)


async def test_a_link_is_of_no_use_to_another_tenant(town: Town) -> None:
    who = await town.somebody()
    link = await reset_link(town, who)
    with pytest.raises(LinkOver):
        await town.people.entrance.use_link(who.id, who.browser, link, OTHER_PASSWORD)
    await town.people.entrance.use_link(town.tenant_id, who.browser, link, OTHER_PASSWORD)


async def test_a_reset_bypasses_no_factor_and_ends_every_session(town: Town) -> None:
    who = await town.with_totp()
    await town.log_in(who)
    link = await reset_link(town, who)
    entrance = town.people.entrance
    step = await entrance.use_link(town.tenant_id, who.browser, link, OTHER_PASSWORD)
    assert (step.acr, step.is_done, step.must_enrol) == (None, False, False)
    with pytest.raises(TicketOver):
        await entrance.enter(town.tenant_id, who.browser, step.ticket)
    with pytest.raises(SessionEnded):
        await town.people.browsing.find(town.tenant_id, who.browser, who.cookie)
    with pytest.raises(LoginRefused):
        await town.first_step(who)
    who.password = OTHER_PASSWORD
    step = await town.first_step(who)
    assert step.left == (Method.TOTP,)
    with pytest.raises(TicketOver):
        await town.enter(who, step)
    assert (await town.log_in(who)).login.acr is Acr.SCA


async def test_a_reset_ends_what_was_begun_with_the_former_password(town: Town) -> None:
    who = await town.somebody()
    begun = await town.first_step(who)
    link = await reset_link(town, who)
    await town.people.entrance.use_link(town.tenant_id, who.browser, link, OTHER_PASSWORD)
    with pytest.raises(TicketOver):
        await town.enter(who, begun)


async def test_of_fifty_uses_of_one_reset_at_once_one_succeeds(town: Town) -> None:
    who = await town.somebody()
    link = await reset_link(town, who)
    done = await asyncio.gather(
        *(
            town.people.entrance.use_link(
                town.tenant_id, who.browser, link, f"{OTHER_PASSWORD} {number}"
            )
            for number in range(50)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Step) for each in done) == 1
    assert (await town.kinds()).count("user.password_changed") == 2


async def test_a_forgotten_password_is_told_of_to_who_can_reach_the_user(town: Town) -> None:
    who = await town.somebody()
    entrance = town.people.entrance
    await entrance.forgotten(town.tenant_id, town.browser(), who.email)
    told = await town.events()
    assert [data for kind, data in told if kind == "user.recovery_asked"] == [{}]
    await entrance.forgotten(town.tenant_id, town.browser(), "nobody@example.com")
    assert (await town.kinds()).count("user.recovery_asked") == 1
    for name in (who.email, "nobody@example.com"):
        for _ in range(4):
            await entrance.forgotten(town.tenant_id, town.browser(), name)
        with pytest.raises(TooManyAttempts):
            await entrance.forgotten(town.tenant_id, town.browser(), name)


async def test_the_first_operator_is_made_by_a_link_and_has_no_default_password(
    town: Town,
) -> None:
    links, entrance = OperatorLinks(town.means), town.people.entrance
    former = await links.make(town.tenant_id)
    link = await links.make(town.tenant_id)
    browser = town.browser()

    async def claim(link: str, email: str) -> Step:
        return await entrance.claim(town.tenant_id, browser, link, email, "Grace Hopper", PASSWORD)

    assert await entrance.look_at(town.tenant_id, link) is LinkKind.OPERATOR
    with pytest.raises(LinkOver):
        await claim(former, "grace@example.com")
    with pytest.raises(LinkOver):
        await entrance.use_link(town.tenant_id, browser, link, PASSWORD)
    done = await asyncio.gather(
        *(claim(link, f"grace.{number}@example.com") for number in range(20)),
        return_exceptions=True,
    )
    [step] = [each for each in done if isinstance(each, Step)]
    assert all(isinstance(each, Step | Refusal) for each in done)
    session = (await entrance.enter(town.tenant_id, browser, step.ticket)).session
    user = await town.people.users.find(town.tenant_id, session.user_id)
    assert (user.roles, user.status) == ([Role.OWNER], Status.ACTIVE)
    page = await town.people.users.page(town.tenant_id, after=None, limit=10)
    assert page.users == [user]


async def test_an_operator_cannot_take_a_name_that_somebody_has(town: Town) -> None:
    who = await town.somebody()
    link = await OperatorLinks(town.means).make(town.tenant_id)
    entrance = town.people.entrance
    with pytest.raises(LoginNameTaken):
        await entrance.claim(town.tenant_id, who.browser, link, who.email.upper(), "Ada", PASSWORD)
    step = await entrance.claim(
        town.tenant_id, who.browser, link, "grace@example.com", "Grace", PASSWORD
    )
    assert step.is_done
