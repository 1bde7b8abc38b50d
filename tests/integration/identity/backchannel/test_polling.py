"""Tokens of what was approved on a device: once, for its client, bound to its key."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from bezant.identity.authorization import ACRS
from bezant.identity.backchannel import BackchannelSweep
from bezant.identity.enrolment import UserHolding
from bezant.kernel.database import Database
from fixtures_api import operator_call
from fixtures_backchannel import Bureau, ask, decide, poll, refusal
from fixtures_users import Town

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

COUNT = "SELECT count(*) FROM backchannel_request WHERE tenant_id = $1"


async def test_an_approval_brings_tokens_bound_to_the_key_of_the_client(bureau: Bureau) -> None:
    app = await bureau.client()
    who, telephone = await bureau.somebody()
    auth_req_id = await ask(app, acr_values="urn:openbanking:psd2:sca")
    assert await refusal(app, auth_req_id) == "authorization_pending"
    bureau.clock.advance(seconds=5)
    await decide(telephone)
    approved_at = int(bureau.clock.now().timestamp())
    bureau.clock.advance(seconds=7)
    tokens = (await poll(app, auth_req_id)).json()
    assert tokens["token_type"] == "DPoP"
    assert tokens["scope"].split() == ["accounts", "openid"]
    access = await bureau.read(tokens["access_token"])
    jkt = app.dpop.thumbprint()
    assert (access["sub"], access["cnf"]) == (str(who.id), {"jkt": jkt})
    assert access["auth_time"] == approved_at
    about = await bureau.read(tokens["id_token"])
    assert about.items() >= {
        "iss": bureau.issuer.url, "aud": str(app.id), "sub": str(who.id),
        "auth_time": approved_at, "acr": "urn:openbanking:psd2:sca", "amr": ["pop", "user", "mfa"],
    }.items()  # fmt: skip
    assert not about.keys() & {"sid", "nonce"}
    refreshed = await poll(
        app, "", grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert refreshed.status_code == 200
    assert await refusal(app, auth_req_id) == "invalid_grant"


async def test_an_approval_is_strong_customer_authentication(bureau: Bureau) -> None:
    app = await bureau.client()
    _, telephone = await bureau.somebody()
    auth_req_id = await ask(app)
    await decide(telephone)
    about = await bureau.read((await poll(app, auth_req_id)).json()["id_token"])
    assert ACRS[about["acr"]] == max(ACRS.values(), key=list(type(ACRS[about["acr"]])).index)


async def test_a_certificates_client_gets_tokens_bound_to_it(bureau: Bureau) -> None:
    app = await bureau.client(mtls=True)
    _, telephone = await bureau.somebody()
    auth_req_id = await ask(app)
    await decide(telephone)
    tokens = (await poll(app, auth_req_id)).json()
    assert (await bureau.read(tokens["access_token"]))["cnf"].keys() == {"x5t#S256"}


async def test_without_a_proven_key_nothing_is_given_and_nothing_is_lost(bureau: Bureau) -> None:
    app = await bureau.client()
    _, telephone = await bureau.somebody()
    auth_req_id = await ask(app)
    await decide(telephone)
    form = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": auth_req_id}
    bare = await app.post("token", form)  # type: ignore[arg-type]
    assert bare.json()["error"] == "invalid_dpop_proof"
    assert (await poll(app, auth_req_id)).status_code == 200


async def test_of_fifty_polls_at_once_one_brings_tokens(
    bureau: Bureau, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app = await bureau.client()
    _, telephone = await bureau.somebody()
    auth_req_id = await ask(app)
    await decide(telephone)
    answers = await asyncio.gather(*(poll(app, auth_req_id) for _ in range(50)))
    assert sorted(each.status_code for each in answers) == [200, *[400] * 49]
    assert {each.json().get("error") for each in answers} == {None, "invalid_grant"}
    grants = await owner.fetchval(
        "SELECT count(*) FROM oauth_grant WHERE tenant_id = $1", bureau.issuer.tenant_id
    )
    assert grants == 1


async def test_whoever_polls_too_fast_is_slowed_down_for_good(bureau: Bureau) -> None:
    app = await bureau.client()
    await bureau.somebody()
    auth_req_id = await ask(app)
    told = []
    for wait_s in (0, 5, 1, 5, 14, 15):
        bureau.clock.advance(seconds=wait_s)
        told.append(await refusal(app, auth_req_id))
    pending, slow = "authorization_pending", "slow_down"
    assert told == [pending, pending, slow, slow, pending, pending]


async def test_a_request_is_its_clients(bureau: Bureau) -> None:
    app, other = await bureau.client(), await bureau.client()
    _, telephone = await bureau.somebody()
    auth_req_id = await ask(app)
    await decide(telephone)
    assert await refusal(other, auth_req_id) == "invalid_grant"
    assert await refusal(app, auth_req_id[:-1] + "_") == "invalid_grant"
    assert (await poll(app, auth_req_id)).status_code == 200


async def test_whoever_declines_gives_nothing(bureau: Bureau) -> None:
    app = await bureau.client()
    _, telephone = await bureau.somebody()
    auth_req_id = await ask(app)
    await decide(telephone, is_approved=False)
    assert [await refusal(app, auth_req_id) for _ in range(2)] == ["access_denied"] * 2


async def test_an_approval_is_over_with_its_request(bureau: Bureau) -> None:
    app = await bureau.client()
    _, telephone = await bureau.somebody()
    auth_req_id = await ask(app)
    await decide(telephone)
    bureau.clock.advance(seconds=300)
    assert await refusal(app, auth_req_id) == "expired_token"


@pytest.mark.parametrize("when", ["before the approval", "after the approval"])
async def test_a_user_who_is_disabled_meanwhile_is_not_let_in(bureau: Bureau, when: str) -> None:
    app, town = await bureau.client(), bureau.town
    who, telephone = await bureau.somebody()
    other, telephone_of_other = await bureau.somebody("other@example.com")
    auth_req_id = await ask(app)
    auth_req_id_of_other = await ask(app, login_hint=other.email)
    if when == "after the approval":
        await decide(telephone)
    await town.people.users.disable(town.call(), who.id)
    if when == "before the approval":
        await decide(telephone)
    await decide(telephone_of_other)
    assert await refusal(app, auth_req_id) == "access_denied"
    assert (await poll(app, auth_req_id_of_other)).status_code == 200


async def test_an_approval_of_one_request_is_none_of_another(bureau: Bureau) -> None:
    app = await bureau.client()
    _, telephone = await bureau.somebody()
    first = await ask(app)
    [approval] = await telephone.asked()
    second = await ask(app, binding_message="Order 43")
    await telephone.decide(approval.id, approval.shown)
    assert await refusal(app, second) == "authorization_pending"
    assert (await poll(app, first)).status_code == 200


async def test_a_disabled_client_gets_nothing_of_what_was_approved(bureau: Bureau) -> None:
    app = await bureau.client()
    _, telephone = await bureau.somebody()
    auth_req_id = await ask(app)
    await decide(telephone)
    await bureau.clients.disable(operator_call(bureau.issuer.tenant_id), app.id)
    assert (await poll(app, auth_req_id)).json()["error"] == "invalid_client"


async def test_requests_that_are_over_are_removed_and_no_others(
    bureau: Bureau, database: Database, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app, tenant_id = await bureau.client(), bureau.issuer.tenant_id
    sweep = BackchannelSweep(database, bureau.clock)
    await ask(app)
    bureau.clock.advance(seconds=3_600)
    await ask(app)
    assert await sweep.remove_over(tenant_id, 10) == 0
    bureau.clock.advance(seconds=301)
    assert await sweep.remove_over(tenant_id, 10) == 1
    assert await owner.fetchval(COUNT, tenant_id) == 1


async def test_nothing_is_kept_of_whoever_is_erased(
    bureau: Bureau,
    town: Town,
    vault_databases: tuple[Database, Database],
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    app, tenant_id = await bureau.client(), bureau.issuer.tenant_id
    who, _ = await bureau.somebody()
    user = await town.people.users.find(tenant_id, who.id)
    await ask(app)
    await ask(app, login_hint="other@example.com")
    database, _ = vault_databases
    holding = UserHolding(database, town.clock)

    async def forget(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await holding.forget(connection, tenant_id, [user.subject_id])

    await database.transaction(forget)
    assert await owner.fetchval(COUNT, tenant_id) == 1
