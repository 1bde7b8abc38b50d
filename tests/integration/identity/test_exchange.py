"""Token exchange: never more than was there before, never longer, and always known by whom."""

import asyncio
import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from bezant.identity.clients import TOKEN_EXCHANGE
from bezant.identity.clients.schemas import ExchangeRights
from bezant.identity.confirmation import Confirmation
from bezant.identity.issuers import Endpoint
from bezant.identity.tokens import InvalidAccessToken
from bezant.identity.tokens.domain import ACTORS_MAX
from bezant.identity.tokens.exchanging import ACCESS_TOKEN
from fixtures_api import Tenant
from fixtures_tokens import TokenRealm
from token_callers import Caller, new_key
from token_desk import ORIGIN, PAYMENT, TokenDesk

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

SCOPES = ["accounts", "grants:read", "grants:write", "openid", "payments"]
ELSEWHERE = "https://books.example.com"


def payload(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


async def exchanger(
    realm: TokenRealm,
    *audiences: str,
    impersonates: bool = False,
    **members: Any,  # noqa: ANN401 - members by name
) -> Caller:
    """A client that may exchange tokens for audiences."""
    return await realm.register(
        **{
            "grant_types": [
                "authorization_code", "refresh_token", "client_credentials", TOKEN_EXCHANGE,
            ],
            "exchange": ExchangeRights(list(audiences), impersonates),
            "scopes": SCOPES,
        }
        | members
    )  # fmt: skip


def form_of(token: str, **others: str) -> dict[str, str]:
    subject = {"subject_token": token, "subject_token_type": ACCESS_TOKEN}
    return {"grant_type": TOKEN_EXCHANGE} | subject | others


async def exchanged(caller: Caller, token: str, **others: str) -> str:
    given = await caller.tokens(**form_of(token, **others))
    assert given["issued_token_type"] == ACCESS_TOKEN
    text: str = given["access_token"]
    return text


async def refusal(caller: Caller, token: str, **others: str) -> tuple[int, str]:
    return error_of(await caller.post(Endpoint.TOKEN, form_of(token, **others)))


async def passed_on(realm: TokenRealm, service: Caller) -> tuple[Caller, dict[str, Any], str]:
    """An application, what its user gave it, and a token of that for a service."""
    app = await exchanger(realm, str(service.client_id))
    given = await app.tokens(**await realm.code(app))
    return app, given, await exchanged(app, given["access_token"])


async def own_token(caller: Caller, **form: str) -> str:
    token: str = (await caller.tokens(grant_type="client_credentials", **form))["access_token"]
    return token


async def test_a_service_exchanges_a_users_token_for_one_of_its_own_key(
    token_realm: TokenRealm,
) -> None:
    service = await exchanger(token_realm, ORIGIN, ELSEWHERE)
    app, given, token = await passed_on(token_realm, service)
    answer = await service.tokens(
        **form_of(token, audience=ORIGIN, scope="accounts", requested_token_type=ACCESS_TOKEN)
    )
    assert (answer["scope"], answer["token_type"]) == ("accounts", "DPoP")
    assert {"refresh_token", "id_token"}.isdisjoint(answer)
    subject, claims = payload(given["access_token"]), payload(answer["access_token"])
    for kept in ("iss", "sub", "grant_id", "auth_time", "acr", "authorization_details"):
        assert claims[kept] == subject[kept]
    assert (claims["aud"], claims["client_id"]) == (ORIGIN, str(service.client_id))
    assert claims["cnf"] == {"jkt": service.dpop.thumbprint()}
    assert subject["exp"] >= claims["exp"]
    first = {"sub": str(app.client_id), "client_id": str(app.client_id)}
    second = {"sub": str(service.client_id), "client_id": str(service.client_id)}
    assert claims["act"] == second | {"act": first}
    told = await service.introspected(answer["access_token"])
    assert (told["active"], told["act"]) == (True, claims["act"])


async def test_the_details_of_a_token_are_narrowed_too(token_realm: TokenRealm) -> None:
    service = await exchanger(token_realm, ORIGIN)
    _, _, token = await passed_on(token_realm, service)
    one = json.dumps([PAYMENT])
    claims = payload(await exchanged(service, token, authorization_details=one))
    assert claims["authorization_details"] == [PAYMENT]
    more = json.dumps([PAYMENT | {"amount": "99.00"}])
    error = await refusal(service, token, authorization_details=more)
    assert error == (400, "invalid_authorization_details")


async def test_the_api_knows_both_and_the_audit_log_names_both(
    token_realm: TokenRealm, owner: "Owner"
) -> None:
    service = await exchanger(token_realm, ORIGIN)
    app = await exchanger(token_realm, str(service.client_id))
    token = await exchanged(service, await exchanged(app, await own_token(app)))
    assert (await service.call("GET", "/v1/grants", token)).status_code == 200
    client = await token_realm.client(service)
    path = f"/v1/grants/{(await token_realm.desk.grant(client)).id}/revoke"
    key = {"Idempotency-Key": uuid4().hex}
    assert (await service.call("POST", path, token, **key)).status_code == 200
    both = f"client:{app.client_id} via client:{service.client_id}"
    entries = "SELECT action FROM audit_entry WHERE tenant_id = $1 AND actor = $2"
    rows = await owner.fetch(entries, token_realm.tenant.id, both)
    assert {row["action"] for row in rows} == {"token.exchange", "grant.revoke"}


async def test_only_a_client_that_is_registered_for_it_hides_and_the_audit_log_knows(
    token_realm: TokenRealm, owner: "Owner"
) -> None:
    hidden = await exchanger(token_realm, ORIGIN, impersonates=True)
    app, _, token = await passed_on(token_realm, hidden)
    claims = payload(await exchanged(hidden, token))
    # Who acted before does not disappear.
    assert claims["act"] == {"sub": str(app.client_id), "client_id": str(app.client_id)}
    both = f"user:{claims['sub']} via client:{hidden.client_id} via client:{app.client_id}"
    count = "SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND actor = $2"
    assert await owner.fetchval(count, token_realm.tenant.id, both) == 1
    own = await hidden.tokens(**await token_realm.code(hidden))
    assert "act" not in payload(await exchanged(hidden, own["access_token"]))
    open_one = await exchanger(token_realm, ORIGIN)
    own = await open_one.tokens(**await token_realm.code(open_one))
    assert "act" in payload(await exchanged(open_one, own["access_token"]))


async def test_an_actor_token_names_who_acts_if_it_is_the_clients_own(
    token_realm: TokenRealm,
) -> None:
    service = await exchanger(token_realm, ORIGIN, impersonates=True)
    _, _, token = await passed_on(token_realm, service)
    agent = await service.tokens(**await token_realm.code(service))
    actor = {"actor_token": agent["access_token"], "actor_token_type": ACCESS_TOKEN}
    act = payload(await exchanged(service, token, **actor))["act"]
    assert act["sub"] == payload(agent["access_token"])["sub"]
    assert act["client_id"] == str(service.client_id)

    other, _, foreign = await passed_on(token_realm, service)
    wrong = [
        actor | {"actor_token": foreign},
        actor | {"actor_token": await own_token(other)},
        actor | {"actor_token": await own_token(replace(service, dpop=new_key()))},
        actor | {"actor_token": await exchanged(service, foreign)},
        actor | {"actor_token": "nonsense"},
        {"actor_token": actor["actor_token"]},
        {"actor_token_type": ACCESS_TOKEN},
        actor | {"actor_token_type": "urn:ietf:params:oauth:token-type:id_token"},
    ]
    for each in wrong:
        assert await refusal(service, token, **each) == (400, "invalid_request"), each
    form = {"token": agent["access_token"]}
    exchanged_before = await exchanged(service, token, **actor)
    assert (await service.post(Endpoint.REVOCATION, form)).status_code == 200
    assert await refusal(service, token, **actor) == (400, "invalid_request")
    assert await service.introspected(exchanged_before) == {"active": False}


async def test_an_exchange_gives_no_more_than_the_subject_token_and_the_registration_have(
    token_realm: TokenRealm,
) -> None:
    service = await exchanger(token_realm, ORIGIN, ELSEWHERE, scopes=["accounts", "grants:read"])
    app = await exchanger(token_realm, str(service.client_id))
    whole = await exchanged(app, await own_token(app))
    little = await exchanged(app, await own_token(app, scope="accounts payments"))
    for scope in ("accounts grants:read", "payments", "grants:write"):
        error = await refusal(service, little, audience=ORIGIN, scope=scope)
        assert error == (400, "invalid_scope"), scope
    # Of what both have, everything is given if nothing is named.
    for token, scopes in ((little, "accounts"), (whole, "accounts grants:read")):
        assert payload(await exchanged(service, token, audience=ORIGIN))["scope"] == scopes
    for target in ("https://evil.test", f"{ORIGIN}/", str(app.client_id)):
        for name in ("audience", "resource"):
            error = await refusal(service, whole, **{name: target})
            assert error == (400, "invalid_target"), target
    assert await refusal(service, whole) == (400, "invalid_target")
    mixed = await refusal(service, whole, audience=ORIGIN, resource="https://evil.test")
    assert mixed == (400, "invalid_target")
    both = payload(await exchanged(service, whole, audience=ORIGIN, resource=ELSEWHERE))
    assert set(both["aud"]) == {ORIGIN, ELSEWHERE}


async def test_a_token_that_was_not_meant_for_a_client_is_not_exchanged_by_it(
    token_realm: TokenRealm,
) -> None:
    service = await exchanger(token_realm, ORIGIN)
    app, given, token = await passed_on(token_realm, service)
    thief = await exchanger(token_realm, ORIGIN)
    assert await refusal(thief, token) == (400, "invalid_request")
    # One for the API is not meant for whoever else may get hold of it.
    assert await refusal(service, given["access_token"]) == (400, "invalid_request")
    # Nor is one's own without its key.
    other_key = replace(app, dpop=new_key())
    assert await refusal(other_key, given["access_token"]) == (400, "invalid_request")
    assert await exchanged(service, token)
    assert await exchanged(app, given["access_token"])


@pytest.mark.parametrize(
    "change",
    [
        {"subject_token": "nonsense"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_only_access_tokens_are_exchanged_for_access_tokens(
    token_realm: TokenRealm, change: dict[str, str]
) -> None:
    service = await exchanger(token_realm, ORIGIN)
    own = await own_token(service)
    answer = await service.post(Endpoint.TOKEN, form_of(own) | change)
    assert error_of(answer) == (400, "invalid_request")
    assert await exchanged(service, own)


async def test_who_is_not_registered_for_exchanges_makes_none(token_realm: TokenRealm) -> None:
    caller = await token_realm.register(scopes=SCOPES)
    own = await own_token(caller)
    assert await refusal(caller, own, audience=ORIGIN) == (400, "unauthorized_client")


async def test_expired_revoked_and_foreign_tokens_are_not_exchanged(
    token_realm: TokenRealm, other_tenant: Tenant
) -> None:
    service = await exchanger(token_realm, ORIGIN)
    client, desk = await token_realm.client(service), token_realm.desk
    key = Confirmation(jkt=service.dpop.thumbprint())
    foreign = TokenDesk(desk.database, other_tenant.id, desk.keys, desk.clock)

    async def text_of(issuing: TokenDesk, *, made_s_ago: int = 0) -> str:
        at = desk.clock.now() - timedelta(seconds=made_s_ago)
        claims = issuing.access.claims(
            issuing.issuer, client, key, at, scopes=client.scopes, audience=ORIGIN
        )
        await issuing.database.transaction(
            lambda connection: issuing.access.write(connection, issuing.tenant_id, claims)
        )
        return await issuing.access.sign(issuing.tenant_id, claims)

    good = await text_of(desk)
    assert await exchanged(service, good)
    for bad in (await text_of(foreign), await text_of(desk, made_s_ago=300)):
        assert await refusal(service, bad) == (400, "invalid_request")
    assert (await service.post(Endpoint.REVOCATION, {"token": good})).status_code == 200
    assert await refusal(service, good) == (400, "invalid_request")


async def test_an_exchanged_token_ends_no_later_than_its_subject(token_realm: TokenRealm) -> None:
    service = await exchanger(token_realm, ORIGIN)
    client, desk = await token_realm.client(service), token_realm.desk
    claims = desk.access.claims(
        desk.issuer,
        client,
        Confirmation(jkt=service.dpop.thumbprint()),
        desk.clock.now() - timedelta(seconds=200),
        scopes=client.scopes,
        audience=ORIGIN,
    )
    await desk.database.transaction(
        lambda connection: desk.access.write(connection, desk.tenant_id, claims)
    )
    token = await exchanged(service, await desk.access.sign(desk.tenant_id, claims))
    assert payload(token)["exp"] == claims.exp


async def test_a_chain_of_actors_is_bounded(token_realm: TokenRealm) -> None:
    last = await exchanger(token_realm, ORIGIN)
    callers = [last]
    for _ in range(ACTORS_MAX):
        callers.insert(0, await exchanger(token_realm, str(callers[0].client_id)))
    token = (await callers[0].tokens(**await token_realm.code(callers[0])))["access_token"]
    for caller in callers[:-1]:
        token = await exchanged(caller, token)
    assert await refusal(last, token) == (400, "invalid_request")
    # Acting once more oneself is no other actor.
    again = await exchanger(token_realm, ORIGIN, str(callers[-2].client_id))
    own = await exchanged(again, await own_token(again), audience=ORIGIN)
    assert "act" not in payload(await exchanged(again, own, audience=ORIGIN))


async def test_whatever_an_exchanged_token_came_of_ends_it_in_every_process(
    token_realm: TokenRealm,
) -> None:
    service = await exchanger(token_realm, ORIGIN, ELSEWHERE)
    desk, other = token_realm.desk, token_realm.desk.other_process()

    async def chain() -> tuple[Caller, dict[str, Any], str, str]:
        app, given, token = await passed_on(token_realm, service)
        last = await exchanged(service, token, audience=ORIGIN)
        last = await exchanged(service, last, audience=ELSEWHERE)
        assert (await other.access.read(desk.issuer, last)).act is not None
        return app, given, token, last

    async def ended(text: str) -> bool:
        other.since_boot_s += 1
        try:
            await other.access.read(desk.issuer, text)
        except InvalidAccessToken:
            return True
        return False

    app, given, _, last = await chain()
    assert not await ended(last)
    form = {"token": given["refresh_token"]}
    assert (await app.post(Endpoint.REVOCATION, form)).status_code == 200
    assert await ended(last)
    for which in ("the user's token", "the one passed on"):
        app, given, token, last = await chain()
        form = {"token": given["access_token"] if which == "the user's token" else token}
        assert (await app.post(Endpoint.REVOCATION, form)).status_code == 200
        assert await ended(last), which
    app, _, _, last = await chain()
    await token_realm.disable(app)
    assert await ended(last)


async def test_fifty_exchanges_of_one_token_are_fifty_tokens(token_realm: TokenRealm) -> None:
    service = await exchanger(token_realm, ORIGIN)
    own = await own_token(service)
    given = await asyncio.gather(*(exchanged(service, own) for _ in range(50)))
    assert len({payload(token)["jti"] for token in given}) == 50


async def test_a_client_that_acts_for_another_does_not_manage_its_own_grants_by_that(
    token_realm: TokenRealm,
) -> None:
    scopes = ["grant_management_query"]
    service = await exchanger(token_realm, ORIGIN, scopes=scopes)
    app = await exchanger(token_realm, str(service.client_id), scopes=scopes)
    path = f"/id/{token_realm.tenant.id}/grants"
    acting = await exchanged(service, await exchanged(app, await own_token(app)))
    assert (await service.call("GET", path, acting)).status_code == 403
    assert (await service.call("GET", path, await own_token(service))).status_code == 200
