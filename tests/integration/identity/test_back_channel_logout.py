"""Clients are told when a session that they logged into ends, whatever stands in between."""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc import jws

from bezant.identity.authorization import LoginTooWeak
from bezant.identity.sessions.browsing import IDLE, Proof
from bezant.identity.sessions.errors import SessionEnded
from bezant.identity.sessions.ports import Entered
from fixtures_logout import Lobby
from receivers import Message, answering, status

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def token_of(message: Message) -> str:
    [token] = parse_qs(message.body.decode())["logout_token"]
    return token


async def told(lobby: Lobby, messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [await lobby.realm.read(token_of(message)) for message in messages]


async def test_a_logout_is_told_to_every_client_of_the_session_that_wants_to_know(
    lobby: Lobby,
) -> None:
    first, second = await lobby.client(), await lobby.client()
    untold = await lobby.client(backchannel_logout_uri=None)
    elsewhere = await lobby.client()
    who = await lobby.somebody()
    browser, other = await lobby.browser(who), await lobby.browser(who)
    for app in (first, second, untold):
        await lobby.log_into(app, browser)
    await lobby.log_into(elsewhere, other)
    session = await lobby.session(browser)
    await lobby.town.people.browsing.leave(session)
    messages = await lobby.deliver()
    claims = await told(lobby, messages)
    assert {each["aud"] for each in claims} == {str(first.id), str(second.id)}
    assert len({each["jti"] for each in claims}) == len(claims) == 2
    for message, each in zip(messages, claims, strict=True):
        assert message.line.startswith("POST /in ")
        assert message.headers["content-type"] == "application/x-www-form-urlencoded"
        header = jws.extract_compact(token_of(message).encode()).headers()
        assert header["typ"] == "logout+jwt"
        assert each["iss"] == lobby.realm.issuer.url
        assert (each["sub"], each["sid"]) == (str(who.id), str(session.id))
        assert each["events"] == {EVENT: {}}
        assert "nonce" not in each
        assert 0 < each["exp"] - each["iat"] <= 120
    # The positive control of the other browser: it is told of its own end.
    await lobby.town.people.browsing.leave(await lobby.session(other))
    assert (await told(lobby, await lobby.deliver()))[-1]["aud"] == str(elsewhere.id)


async def test_a_receiver_that_is_down_is_told_later_by_the_same_identifier(lobby: Lobby) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    await lobby.log_into(app, browser)
    lobby.receiver.script = answering(status(503, "Retry-After: 60"), status(400), status(200))
    await lobby.town.people.browsing.leave(await lobby.session(browser))
    assert len(await lobby.deliver()) == 1
    lobby.realm.clock.advance(seconds=59)
    assert len(await lobby.deliver()) == 1, "the receiver asked for a minute"
    lobby.realm.clock.advance(seconds=1)
    assert len(await lobby.deliver()) == 2
    lobby.realm.clock.advance(seconds=3600)
    messages = await lobby.deliver()
    claims = await told(lobby, messages)
    assert len(claims) == 3
    assert len({each["jti"] for each in claims}) == 1
    assert claims[2]["iat"] - claims[0]["iat"] == 3660, "each is signed anew"
    lobby.realm.clock.advance(seconds=3600)
    assert len(await lobby.deliver()) == 3


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_like_any_other_and_nothing_is_sent_there(
    lobby: Lobby, code: int
) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    await lobby.log_into(app, browser)
    elsewhere = f"Location: https://hooks.example.com:{lobby.receiver.port}/elsewhere"
    lobby.receiver.script = answering(status(code, elsewhere))
    await lobby.town.people.browsing.leave(await lobby.session(browser))
    assert [each.line.split()[1] for each in await lobby.deliver()] == ["/in"]
    lobby.realm.clock.advance(seconds=3600)
    assert [each.line.split()[1] for each in await lobby.deliver()] == ["/in", "/in"]


async def test_nothing_is_sent_to_an_address_that_is_not_public(lobby: Lobby) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    await lobby.log_into(app, browser)
    lobby.names.answers = [["10.0.0.1"], ["127.0.0.1"]]
    await lobby.town.people.browsing.leave(await lobby.session(browser))
    assert await lobby.deliver() == []
    lobby.realm.clock.advance(seconds=3600)
    assert len(await lobby.deliver()) == 1, "its name leads where it may, now"


async def test_a_worker_that_dies_between_sending_and_recording_is_replaced_by_one_that_sends_again(
    lobby: Lobby,
) -> None:
    """What a killed process leaves behind: a job that runs nowhere, under a lease that ran out."""
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    await lobby.log_into(app, browser)
    await lobby.town.people.browsing.leave(await lobby.session(browser))
    await lobby.deliver()
    # As it was when the answer came and nothing of it was written.
    await lobby.database.fetchrow(
        "UPDATE job SET state = 'running', lease = 'a process that was killed', ended_at = NULL"
        " WHERE tenant_id = $1 AND kind = 'logout.tell' AND state = 'done' RETURNING job_id",
        lobby.tenant_id,
    )
    claims = await told(lobby, await lobby.deliver())
    assert len(claims) == 2
    assert claims[0]["jti"] == claims[1]["jti"]


async def test_of_fifty_ends_of_a_session_at_once_each_client_is_told_of_one(lobby: Lobby) -> None:
    first, second, who = await lobby.client(), await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    for app in (first, second):
        await lobby.log_into(app, browser)
    session, town = await lobby.session(browser), lobby.town
    before = len(await lobby.jobs())
    ends = [town.people.browsing.leave(session) for _ in range(24)]
    ends += [town.people.browsing.end_all(town.tenant_id, who.id) for _ in range(24)]
    ends += [town.people.browsing.revoke(session, session.id)]
    await asyncio.gather(*ends, town.people.users.disable(town.call(), who.id))
    assert len(await lobby.jobs()) - before == 2
    assert len(await lobby.deliver()) == 2


async def test_a_login_into_a_client_and_the_end_of_its_session_have_an_order(lobby: Lobby) -> None:
    """Either the client is told, or it gets no code: never a login that nobody ends."""
    for _ in range(6):
        app, who = await lobby.client(), await lobby.somebody()
        browser = await lobby.browser(who)
        session = await lobby.session(browser)
        begun = await lobby.realm.begin(app, await app.push())
        before = len(await lobby.jobs())
        approved, _ = await asyncio.gather(
            begun.approve(session.login),
            lobby.town.people.browsing.leave(session),
            return_exceptions=True,
        )
        is_in = isinstance(approved, str)
        assert is_in or isinstance(approved, LoginTooWeak), approved
        assert len(await lobby.jobs()) - before == int(is_in)
        with pytest.raises(LoginTooWeak):
            await (await lobby.realm.begin(app, await app.push())).approve(session.login)


async def test_a_session_that_is_ended_while_it_is_made_stronger_is_over(lobby: Lobby) -> None:
    """The end is of the session, and not of the token that it had when somebody looked."""
    browsing = lobby.town.people.browsing
    for _ in range(6):
        who = await lobby.somebody()
        session = await lobby.town.log_in(who)
        proof = Proof(session.proven, lobby.realm.clock.now())
        stronger, _ = await asyncio.gather(
            browsing.strengthen(session, who.browser, who.cookie, proof),
            browsing.revoke(session, session.id),
            return_exceptions=True,
        )
        cookies = [who.cookie] + ([stronger.cookie] if isinstance(stronger, Entered) else [])
        for cookie in cookies:
            with pytest.raises(SessionEnded):
                await browsing.find(lobby.tenant_id, who.browser, cookie)
        assert await browsing.list(session) == []


async def test_a_disabled_user_leaves_every_client_even_of_a_session_that_was_idle_too_long(
    lobby: Lobby,
) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    await lobby.log_into(app, browser)
    lobby.realm.clock.advance(seconds=int(IDLE.total_seconds()))
    with pytest.raises(SessionEnded):
        await lobby.session(browser)
    await lobby.town.people.users.disable(lobby.town.call(), who.id)
    [claims] = await told(lobby, await lobby.deliver())
    assert claims["sub"] == str(who.id)
    await lobby.town.people.users.disable(lobby.town.call(), who.id)
    assert len(await lobby.deliver()) == 1


async def test_a_user_who_ends_another_session_or_changes_the_password_has_clients_told(
    lobby: Lobby,
) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    here, there, third = [await lobby.browser(who) for _ in range(3)]
    for browser in (there, third):
        await lobby.log_into(app, browser)
    session = await lobby.session(here)
    gone = await lobby.session(there)
    await lobby.town.people.browsing.revoke(session, gone.id)
    assert [each["sid"] for each in await told(lobby, await lobby.deliver())] == [str(gone.id)]
    await lobby.town.people.factors.change_password(session, "another sentence of some words")
    last = (await told(lobby, await lobby.deliver()))[1:]
    assert [each["sub"] for each in last] == [str(who.id)]
    assert (await lobby.session(here)).id == session.id


async def test_a_client_that_was_disabled_meanwhile_is_told_nothing(lobby: Lobby) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    await lobby.log_into(app, browser)
    await lobby.town.people.browsing.leave(await lobby.session(browser))
    await lobby.realm.clients.disable(lobby.town.call(), app.id)
    done = (await lobby.jobs()).count("done")
    assert await lobby.deliver() == []
    assert (await lobby.jobs()).count("done") == done + 1


async def test_clients_of_old_sessions_are_forgotten(lobby: Lobby) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    await lobby.log_into(app, browser)
    sessions = lobby.realm.sessions.real
    assert sessions is not None
    lobby.realm.clock.advance(seconds=29 * 86_400)
    assert await sessions.remove_old(lobby.tenant_id, 100) == 0
    lobby.realm.clock.advance(seconds=2 * 86_400)
    assert await sessions.remove_old(lobby.tenant_id, 100) > 0
    await lobby.town.people.users.disable(lobby.town.call(), who.id)
    assert await lobby.deliver() == []
