"""Devices that are bound to users, and what users approve on them."""

import asyncio
import hashlib
import os
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bezant.identity.factors.approvals import ApprovalState
from bezant.identity.factors.device_keys import (
    binding_message,
    decision_message,
    listing_message,
)
from bezant.identity.factors.domain import Method
from bezant.identity.factors.errors import (
    ApprovalOver,
    DeviceNotBound,
    FreshLoginNeeded,
    ProofRefused,
    TooManyFactors,
)
from bezant.identity.logins import Acr
from bezant.identity.sessions.errors import LoginRefused, TicketOver
from fixtures_users import Somebody, Town
from telephone import PAYMENT, Telephone

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


async def with_telephone(
    town: Town, email: str = "ada@example.com", telephone: Telephone | None = None
) -> tuple[Somebody, Telephone]:
    who = await town.somebody(email)
    session = await town.log_in(who)
    telephone = telephone or Telephone(town)
    await telephone.bind(await town.people.factors.begin_device(session))
    return who, telephone


async def ask(town: Town, who: Somebody) -> UUID:
    return await town.people.approvals.ask(town.tenant_id, who.id, PAYMENT)


async def take(town: Town, approval_id: UUID, user_id: UUID, shown: bytes = PAYMENT) -> bool:
    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> bool:
        return await town.people.approvals.take(
            connection, town.tenant_id, approval_id, user_id, shown
        )

    return await town.means.database.transaction(work)


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
async def test_what_is_approved_on_a_device_is_good_once(town: Town, kind: str) -> None:
    telephone = Telephone(town)
    if kind == "ed25519":
        telephone.key = ed25519.Ed25519PrivateKey.generate()
    who, telephone = await with_telephone(town, telephone=telephone)
    approval_id = await ask(town, who)
    assert [(each.id, each.shown) for each in await telephone.asked()] == [(approval_id, PAYMENT)]
    assert not await take(town, approval_id, who.id)
    await telephone.decide(approval_id)
    assert await telephone.asked() == []
    state = await town.people.approvals.state(town.tenant_id, approval_id)
    assert state is ApprovalState.APPROVED
    taken = await asyncio.gather(*(take(town, approval_id, who.id) for _ in range(50)))
    assert sum(taken) == 1


async def test_an_approval_is_good_for_what_was_shown_and_who_was_asked(town: Town) -> None:
    who, telephone = await with_telephone(town)
    other, _ = await with_telephone(town, "other@example.com")
    approval_id = await ask(town, who)
    await telephone.decide(approval_id)
    assert not await take(town, approval_id, who.id, PAYMENT.replace(b"12.50", b"12500"))
    assert not await take(town, approval_id, other.id)
    assert await take(town, approval_id, who.id)


async def test_a_refusal_approves_nothing_and_is_not_taken_back(town: Town) -> None:
    who, telephone = await with_telephone(town)
    approval_id = await ask(town, who)
    await telephone.decide(approval_id, is_approved=False)
    with pytest.raises(ApprovalOver):
        await telephone.decide(approval_id)
    assert not await take(town, approval_id, who.id)


async def test_what_a_device_signed_for_one_thing_decides_no_other(town: Town) -> None:
    who, telephone = await with_telephone(town)
    _, others = await with_telephone(town, "other@example.com")
    approval_id = await ask(town, who)
    with pytest.raises(DeviceNotBound):
        await telephone.decide(approval_id, b"something else")
    with pytest.raises(ApprovalOver):
        await others.decide(approval_id)
    approvals, tenant_id = town.people.approvals, town.tenant_id
    digest = hashlib.sha256(PAYMENT).digest()
    refusal = telephone.sign(decision_message(tenant_id, approval_id, digest, is_approved=False))
    with pytest.raises(DeviceNotBound):
        await approvals.decide(tenant_id, approval_id, telephone.id, refusal, is_approved=True)
    stranger = Telephone(town, telephone.id)
    with pytest.raises(DeviceNotBound):
        await stranger.decide(approval_id)
    with pytest.raises(DeviceNotBound):
        await stranger.asked()
    with pytest.raises(DeviceNotBound):
        await Telephone(town).asked()
    await telephone.decide(approval_id)


async def test_an_approval_ends_with_its_time(town: Town) -> None:
    who, telephone = await with_telephone(town)
    late, decided = await ask(town, who), await ask(town, who)
    await telephone.decide(decided)
    town.later(300)
    with pytest.raises(ApprovalOver):
        await telephone.decide(late)
    with pytest.raises(ApprovalOver):
        await town.people.approvals.state(town.tenant_id, late)
    assert not await take(town, decided, who.id)


async def test_a_question_of_long_ago_is_not_answered_again(town: Town) -> None:
    _, telephone = await with_telephone(town)
    then = int(town.clock.now().timestamp())
    signature = telephone.sign(listing_message(town.tenant_id, telephone.id, then))
    approvals = town.people.approvals
    assert await approvals.asked(town.tenant_id, telephone.id, then, signature) == []
    town.later(62)
    with pytest.raises(DeviceNotBound):
        await approvals.asked(town.tenant_id, telephone.id, then, signature)


async def test_nobody_is_worn_down_by_requests(town: Town) -> None:
    who, _ = await with_telephone(town)
    for _ in range(5):
        await ask(town, who)
    with pytest.raises(TooManyFactors):
        await ask(town, who)
    nobody = await town.somebody("other@example.com")
    with pytest.raises(DeviceNotBound):
        await ask(town, nobody)


async def test_a_device_is_bound_by_a_fresh_challenge_once(town: Town) -> None:
    who = await town.somebody()
    session = await town.log_in(who)
    approvals = town.people.approvals
    challenge = await town.people.factors.begin_device(session)
    telephone = Telephone(town)
    signature = telephone.sign(binding_message(town.tenant_id, "another"))
    with pytest.raises(ProofRefused):
        await approvals.bind(town.tenant_id, challenge, telephone.public_key, signature)
    weak = rsa.generate_private_key(65537, 2048).public_key()
    der = weak.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for key in (der, os.urandom(91), b"", bytes(300)):
        with pytest.raises(ProofRefused):
            await approvals.bind(town.tenant_id, challenge, key, bytes(64))
    await telephone.bind(challenge)
    with pytest.raises(TicketOver):
        await Telephone(town).bind(challenge)
    invited = await town.invited("other@example.com")
    assert invited.link is not None
    with pytest.raises(TicketOver):
        await Telephone(town).bind(invited.link)
    with pytest.raises(FreshLoginNeeded):
        await town.people.factors.begin_device(session)


async def test_a_login_goes_on_by_an_approval_of_just_this_login(town: Town) -> None:
    who, telephone = await with_telephone(town)
    entrance, tenant_id = town.people.entrance, town.tenant_id
    payment = await ask(town, who)
    await telephone.decide(payment)
    step = await town.first_step(who)
    assert step.left == (Method.DEVICE,)
    with pytest.raises(LoginRefused):
        await entrance.with_device(tenant_id, who.browser, step.ticket, payment)
    asked = await entrance.ask_device(tenant_id, who.browser, step.ticket)
    assert await entrance.with_device(tenant_id, who.browser, step.ticket, asked) is None
    [shown] = [each.shown for each in await telephone.asked() if each.id == asked]
    await telephone.decide(asked, shown)
    other = await town.first_step(who)
    with pytest.raises(LoginRefused):
        await entrance.with_device(tenant_id, who.browser, other.ticket, asked)
    done = await entrance.with_device(tenant_id, who.browser, step.ticket, asked)
    assert done is not None
    assert (await town.enter(who, done)).session.login.acr is Acr.SCA


async def test_a_login_that_is_refused_on_the_device_does_not_go_on(town: Town) -> None:
    who, telephone = await with_telephone(town)
    entrance = town.people.entrance
    step = await town.first_step(who)
    asked = await entrance.ask_device(town.tenant_id, who.browser, step.ticket)
    [approval] = await telephone.asked()
    await telephone.decide(asked, approval.shown, is_approved=False)
    with pytest.raises(LoginRefused):
        await entrance.with_device(town.tenant_id, who.browser, step.ticket, asked)
    with pytest.raises(LoginRefused):
        await entrance.with_device(town.tenant_id, who.browser, step.ticket, uuid4())
