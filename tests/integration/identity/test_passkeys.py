"""Passkeys: every flag, every claim and every counter, by an authenticator that also lies."""

import asyncio
import json
from uuid import uuid4

import pytest

from bezant.identity.factors.domain import Method
from bezant.identity.factors.errors import FreshLoginNeeded, ProofRefused
from bezant.identity.logins import Acr
from bezant.identity.sessions.errors import LoginRefused, TicketOver
from bezant.identity.sessions.ports import Step
from bezant.kernel.errors import Refusal
from fixtures_users import ORIGIN, Somebody, Town
from software_authenticator import BE, BS, UP, UV, Lie, SoftwareAuthenticator

EVIL = "https://bank.test.evil.example"

LIES = {
    "no user present": Lie(flags=UV),
    "user not verified": Lie(flags=UP),
    "no flag at all": Lie(flags=0),
    "backed up and not eligible": Lie(flags=UP | UV | BS),
    "another origin": Lie(origin=EVIL),
    "another port": Lie(origin="https://bank.test"),
    "without TLS": Lie(origin="http://bank.test:8443"),
    "another relying party": Lie(rp_id="evil.example"),
    "the parent domain": Lie(rp_id="test"),
    "the other ceremony": Lie(client_data={"type": "payment.get"}),
    "within another site's page": Lie(client_data={"crossOrigin": True}),
    "below another site's page": Lie(client_data={"topOrigin": EVIL}),
    "a challenge of its own": Lie(client_data={"challenge": "AAAA"}),
    "a challenge that is no text": Lie(client_data={"challenge": 7}),
}

LIES_WHEN_USED = {
    **LIES,
    "a signature of something else": Lie(signs_other_data=True),
    "another user's handle": Lie(user_handle=uuid4().bytes),
    "no user's handle": Lie(user_handle=b"?"),
    "no handle where nobody is known": Lie(user_handle=b""),
    "a creation in a login": Lie(client_data={"type": "webauthn.create"}),
}


async def use(town: Town, who: Somebody, lie: Lie = Lie()) -> Step:  # noqa: B008 - frozen
    """Log in by the passkey alone."""
    assert who.authenticator is not None
    options = await town.people.entrance.passkey_options(town.tenant_id, who.browser)
    assert json.loads(options)["allowCredentials"] == []
    credential = who.authenticator.get(options, lie)
    return await town.people.entrance.with_passkey(
        town.tenant_id, who.browser, credential, Acr.PASSWORD
    )


async def test_a_passkey_of_one_device_is_two_elements_in_one(town: Town) -> None:
    who = await town.with_passkey()
    step = await use(town, who)
    assert (step.acr, step.is_done) == (Acr.SCA, True)
    session = (await town.enter(who, step)).session
    assert session.user_id == who.id
    assert session.login.amr == ("hwk", "user", "mfa")


async def test_a_synced_passkey_needs_a_password_for_strong_authentication(town: Town) -> None:
    who = await town.with_passkey(SoftwareAuthenticator(ORIGIN, backup=BE | BS))
    step = await use(town, who)
    assert (step.acr, step.is_done) == (Acr.PHISHING_RESISTANT, True)
    step = await town.first_step(who, Acr.SCA)
    assert step.left == (Method.SYNCED_PASSKEY,)
    assert (await town.prove_passkey(who, step)).acr is Acr.SCA


@pytest.mark.parametrize("name", LIES_WHEN_USED)
async def test_a_passkey_that_lies_opens_nothing(town: Town, name: str) -> None:
    who = await town.with_passkey()
    with pytest.raises(LoginRefused):
        await use(town, who, LIES_WHEN_USED[name])
    assert (await use(town, who)).is_done


@pytest.mark.parametrize("name", LIES)
async def test_an_authenticator_that_lies_is_not_enrolled(town: Town, name: str) -> None:
    who = await town.somebody()
    session = await town.log_in(who)
    factors = town.people.factors
    options = await factors.begin_passkey(session)
    with pytest.raises((ProofRefused, TicketOver)):
        await factors.confirm_passkey(
            session, SoftwareAuthenticator(ORIGIN).create(options, LIES[name])
        )
    assert [each.method for each in await factors.list(session)] == [Method.PASSWORD]
    await factors.confirm_passkey(session, SoftwareAuthenticator(ORIGIN).create(options))
    assert [each.method for each in await factors.list(session)][1:] == [Method.PASSKEY]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"id":"?","response":{}}', "x" * 20_000])
async def test_what_is_no_credential_is_refused(town: Town, text: str) -> None:
    who = await town.somebody()
    with pytest.raises(LoginRefused):
        await town.people.entrance.with_passkey(town.tenant_id, who.browser, text, Acr.PASSWORD)


async def test_a_counter_that_does_not_grow_flags_the_passkey_for_good(town: Town) -> None:
    who = await town.with_passkey()
    assert who.authenticator is not None
    copied = who.authenticator.copy()
    assert (await use(town, who)).is_done
    assert (await use(town, who)).is_done
    original, who.authenticator = who.authenticator, copied
    with pytest.raises(LoginRefused):
        await use(town, who)
    who.authenticator = original
    with pytest.raises(LoginRefused):
        await use(town, who)
    assert (await town.kinds()).count("user.passkey_flagged") == 1


async def test_a_flagged_passkey_does_not_make_the_password_enough(town: Town) -> None:
    who = await town.with_passkey()
    with pytest.raises(LoginRefused):
        await use(town, who, Lie(counter=0))
    step = await town.first_step(who)
    assert (step.left, step.is_done, step.must_enrol) == ((), False, False)
    with pytest.raises(TicketOver):
        await town.enter(who, step)


async def test_an_authenticator_without_a_counter_is_used_again_and_again(town: Town) -> None:
    who = await town.with_passkey(SoftwareAuthenticator(ORIGIN, counts=False))
    assert (await use(town, who)).is_done
    assert (await use(town, who)).is_done


async def test_eligibility_for_backups_never_changes(town: Town) -> None:
    who = await town.with_passkey()
    with pytest.raises(LoginRefused):
        await use(town, who, Lie(flags=UP | UV | BE))
    assert "user.passkey_flagged" in await town.kinds()


async def test_a_passkey_that_becomes_backed_up_is_told_of(town: Town) -> None:
    who = await town.with_passkey(SoftwareAuthenticator(ORIGIN, backup=BE))
    assert (await use(town, who)).is_done
    assert "user.passkey_backup_changed" not in await town.kinds()
    assert who.authenticator is not None
    who.authenticator.backup = BE | BS
    assert (await use(town, who)).is_done
    assert (await town.kinds()).count("user.passkey_backup_changed") == 1


async def test_of_fifty_answers_to_one_challenge_one_succeeds(town: Town) -> None:
    who = await town.with_passkey(SoftwareAuthenticator(ORIGIN, counts=False))
    assert who.authenticator is not None
    entrance = town.people.entrance
    options = await entrance.passkey_options(town.tenant_id, who.browser)
    credential = who.authenticator.get(options)
    done = await asyncio.gather(
        *(
            entrance.with_passkey(town.tenant_id, who.browser, credential, Acr.PASSWORD)
            for _ in range(50)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Step) for each in done) == 1
    assert all(isinstance(each, Step | Refusal) for each in done)


async def test_a_challenge_is_of_no_use_in_another_browser_or_later(town: Town) -> None:
    who = await town.with_passkey()
    assert who.authenticator is not None
    entrance = town.people.entrance
    options = await entrance.passkey_options(town.tenant_id, town.browser())
    with pytest.raises(LoginRefused):
        await entrance.with_passkey(
            town.tenant_id, who.browser, who.authenticator.get(options), Acr.PASSWORD
        )
    options = await entrance.passkey_options(town.tenant_id, who.browser)
    town.later(301)
    with pytest.raises(LoginRefused):
        await entrance.with_passkey(
            town.tenant_id, who.browser, who.authenticator.get(options), Acr.PASSWORD
        )


async def test_another_users_passkey_does_not_help_a_login_further(town: Town) -> None:
    who = await town.with_passkey()
    other = await town.with_passkey(email="other@example.com")
    step = await town.first_step(who)
    entrance = town.people.entrance
    assert other.authenticator is not None
    options = await entrance.passkey_options(town.tenant_id, who.browser, step.ticket)
    with pytest.raises(LoginRefused):
        await entrance.with_passkey(
            town.tenant_id,
            who.browser,
            other.authenticator.get(options),
            Acr.PASSWORD,
            step.ticket,
        )
    # An answer that would begin a login of the other's own does not go on with this one either.
    options = await entrance.passkey_options(town.tenant_id, who.browser)
    with pytest.raises(LoginRefused):
        await entrance.with_passkey(
            town.tenant_id,
            who.browser,
            other.authenticator.get(options),
            Acr.PASSWORD,
            step.ticket,
        )
    assert (await town.prove_passkey(who, step)).is_done


async def test_a_challenge_enrols_one_passkey_in_the_session_that_asked_for_it(town: Town) -> None:
    who = await town.somebody()
    session = await town.log_in(who)
    other = await town.log_in(await town.somebody("other@example.com"))
    factors, key = town.people.factors, SoftwareAuthenticator(ORIGIN)
    credential = key.create(await factors.begin_passkey(session))
    with pytest.raises(TicketOver):
        await factors.confirm_passkey(other, credential)
    await factors.confirm_passkey(session, credential)
    strong = await town.log_in_by(who, key)
    with pytest.raises(TicketOver):
        await factors.confirm_passkey(strong, credential)
    assert len(await factors.list(strong)) == 2


async def test_a_passkey_is_enrolled_once(town: Town) -> None:
    key = SoftwareAuthenticator(ORIGIN)
    await town.with_passkey(key)
    other = await town.log_in(await town.somebody("other@example.com"))
    options = await town.people.factors.begin_passkey(other)
    with pytest.raises(ProofRefused):
        await town.people.factors.confirm_passkey(other, key.create(options))


async def test_a_link_is_no_challenge_that_enrols_a_passkey(town: Town) -> None:
    """Action tokens of others could be replayed as challenges of an enrolment."""
    who = await town.somebody()
    session = await town.log_in(who)
    invited = await town.invited("other@example.com")
    options = json.loads(await town.people.factors.begin_passkey(session))
    options["challenge"] = invited.link
    key = SoftwareAuthenticator(ORIGIN)
    with pytest.raises(TicketOver):
        await town.people.factors.confirm_passkey(session, key.create(json.dumps(options)))
    step = await town.first_step(who)
    options["challenge"] = step.ticket
    with pytest.raises(TicketOver):
        await town.people.factors.confirm_passkey(session, key.create(json.dumps(options)))


async def test_enrolling_needs_a_login_of_the_last_minutes(town: Town) -> None:
    who = await town.somebody()
    session = await town.log_in(who)
    options = await town.people.factors.begin_passkey(session)
    town.later(301)
    with pytest.raises(FreshLoginNeeded):
        await town.people.factors.confirm_passkey(
            session, SoftwareAuthenticator(ORIGIN).create(options)
        )
