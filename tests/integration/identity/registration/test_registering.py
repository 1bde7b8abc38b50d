"""Dynamic registration (RFC 7591): whom the tenant trusts, for as much as it trusts them."""

import asyncio
import hashlib
import json
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from bezant.identity.jose import Algorithm, read_token
from certified import self_signed
from fixtures_api import BASE, MTLS_BASE, Api, Tenant
from fixtures_registration import CLIENTS_CA
from receivers import NAME, Receiver, status
from registering import (
    ISSUERS,
    REGISTRATIONS,
    SCOPES,
    Registry,
    error_of,
    jwks,
    new_key,
    updating,
    web,
)

KEY = new_key()


async def listed(registry: Registry) -> list[dict[str, Any]]:
    """The tenant's registrations, oldest first."""
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        query = {"cursor": page["next"]} if page["next"] else {}
        page = (await registry.tenant.client.get(REGISTRATIONS, params=query)).json()
        found += page["oauth_client_registrations"]
    return found


async def test_a_token_of_the_tenant_registers_a_client_as_it_asks(registry: Registry) -> None:
    said = web(KEY, software_id="shop", software_version="2", tos_uri="https://shop.example.com/")
    told = await registry.registered(said, token=await registry.initial())
    del said["tos_uri"]
    assert {name: told[name] for name in said} == said
    assert told["registration_client_uri"] == f"{registry.issuer.url}/register/{told['client_id']}"
    assert told["token_endpoint_auth_method"] == "private_key_jwt"
    assert told["dpop_bound_access_tokens"] is True
    assert told["response_types"] == ["code"]
    assert {"client_secret", "tos_uri"}.isdisjoint(told)
    path = f"/v1/oauth-clients/{told['client_id']}"
    seen = (await registry.tenant.client.get(path)).json()
    assert (seen["name"], seen["scopes"], seen["profile"]) == (
        "Shop",
        ["accounts", "openid"],
        "fapi2",
    )
    mine = [each for each in await listed(registry) if each["client_id"] == told["client_id"]]
    assert mine[0]["initial_access_token"] is not None
    assert (mine[0]["software_statement_issuer"], mine[0]["software_id"]) == (None, "shop")
    rows = await registry.database.fetch(
        "SELECT token_hash FROM client_registration WHERE tenant_id = $1 AND client_id = $2::uuid",
        registry.tenant.id,
        told["client_id"],
    )
    kept = hashlib.sha256(told["registration_access_token"].encode()).digest()
    assert [row["token_hash"] for row in rows] == [kept]


async def test_fifty_at_once_with_one_initial_access_token_make_one_client(
    registry: Registry,
) -> None:
    token, before = await registry.initial(), await registry.clients()
    answers = await asyncio.gather(*(registry.register(web(KEY), token=token) for _ in range(50)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] + [401] * 49
    assert len(await registry.clients() - before) == 1


async def test_a_token_is_good_for_as_many_uses_as_it_was_made_for(registry: Registry) -> None:
    token = await registry.initial(uses=2)
    for _ in range(2):
        await registry.registered(web(KEY), token=token)
    answer = await registry.register(web(KEY), token=token)
    assert error_of(answer) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_refused_registration_uses_no_token(registry: Registry) -> None:
    token = await registry.initial()
    answer = await registry.register(web(KEY, grant_types=["password"]), token=token)
    assert error_of(answer) == (400, "invalid_client_metadata")
    await registry.registered(web(KEY), token=token)


async def test_without_trust_nobody_registers(registry: Registry, api: Api) -> None:
    assert error_of(await registry.register(web(KEY))) == (401, "invalid_token")
    answer = await registry.register(web(KEY), token="A" * 43)
    assert error_of(answer) == (401, "invalid_token")
    token = await registry.initial(expires_in_s=60)
    registry.clock.advance(seconds=61)
    assert error_of(await registry.register(web(KEY), token=token)) == (401, "invalid_token")
    async with api.tenant() as other:
        made = await other.create("/v1/initial-access-tokens", {"name": "Theirs"})
        answer = await registry.register(web(KEY, scope=""), token=made["token"])
        assert error_of(answer) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uris": ["https://*.example.com/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://shop.example.com/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://shop.example.com/cb"}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_client_metadata"),
        ({"client_name": None}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_signing_alg": "RS256"}, "invalid_client_metadata"),
        ({"request_object_signing_alg": "none"}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"response_types": ["code id_token"]}, "invalid_client_metadata"),
        ({"scope": "openid vault:detokenize"}, "invalid_client_metadata"),
        ({"scope": 'open"id'}, "invalid_client_metadata"),
        ({"jwks": None}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "invalid_client_metadata"),
        ({"jwks": None, "jwks_uri": "https://169.254.169.254/"}, "invalid_client_metadata"),
        ({"jwks_uri": "https://keys.example.com/"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata"),
        (
            {
                "dpop_bound_access_tokens": True,
                "tls_client_certificate_bound_access_tokens": True,
            },
            "invalid_client_metadata",
        ),
        (
            {
                "tls_client_auth_san_dns": "a.example",
                "tls_client_auth_san_uri": "https://a.example",
            },
            "invalid_client_metadata",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
async def test_what_the_rules_of_clients_refuse_is_refused_in_the_words_of_the_rfc(
    registry: Registry, changes: dict[str, object], error: str
) -> None:
    token = await registry.initial()
    answer = await registry.register(web(KEY, **changes), token=token)
    assert error_of(answer) == (400, error), answer.text
    await registry.registered(web(KEY), token=token)


async def test_signing_requests_may_be_asked_for_and_not_done_without(registry: Registry) -> None:
    asks = web(KEY, require_signed_request_object=True)
    told = await registry.registered(asks, token=await registry.initial())
    assert told["require_signed_request_object"] is True
    token = await registry.initial(profile="fapi2-message-signing")
    answer = await registry.register(web(KEY, require_signed_request_object=False), token=token)
    assert error_of(answer) == (400, "invalid_client_metadata")


async def test_a_statement_wins_over_what_the_client_says(registry: Registry) -> None:
    directory = await registry.directory()
    statement = directory.statement(jwks=jwks(KEY))
    said = {"client_name": "Forged", "software_id": "other", "software_statement": statement}
    told = await registry.registered(said)
    assert (told["client_name"], told["software_id"]) == ("Accounts at a glance", "app-1")
    assert told["scope"] == "accounts openid"
    assert told["redirect_uris"] == [
        "https://app.example.com/cb",
        "https://app.example.com/other",
    ]
    assert told["jwks"] == jwks(KEY)
    assert told["software_statement"] == statement
    mine = [each for each in await listed(registry) if each["client_id"] == told["client_id"]]
    assert mine[0]["software_statement_issuer"] == directory.issuer
    assert mine[0]["software_statement_id"] == json_of(statement)["jti"]


def json_of(token: str) -> dict[str, Any]:
    return dict(read_token(token).claimed)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uris": ["https://evil.example.com/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example.com/cb?x=1"]}, "invalid_redirect_uri"),
        ({"scope": "openid accounts payments"}, "invalid_client_metadata"),
        ({"jwks": jwks(new_key())}, "invalid_client_metadata"),
        ({"jwks_uri": "https://keys.example.com/"}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials", "authorization_code"]}, "invalid_client_metadata"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
async def test_a_request_never_widens_what_the_statement_allows(
    registry: Registry, changes: dict[str, object], error: str
) -> None:
    directory = await registry.directory()
    statement = directory.statement(jwks=jwks(KEY), grant_types=["authorization_code"])
    said = {"redirect_uris": ["https://app.example.com/cb"], "software_statement": statement}
    answer = await registry.register(said | changes)
    assert error_of(answer) == (400, error)
    told = await registry.registered(said)
    assert told["redirect_uris"] == ["https://app.example.com/cb"]


async def test_a_statement_allows_no_more_than_its_issuer_was_trusted_for(
    registry: Registry,
) -> None:
    directory = await registry.directory(scopes=["openid"])
    said = {"software_statement": directory.statement(jwks=jwks(KEY)), "scope": "accounts"}
    answer = await registry.register(said)
    assert error_of(answer) == (400, "invalid_client_metadata")
    assert (await registry.registered(said | {"scope": "openid"}))["scope"] == "openid"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"iat": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"exp": None, "iat": 1_600_000_000},
        {"exp": 4_000_000_000, "iat": 1_600_000_000},
        {"jti": None},
        {"jti": 7},
        {"redirect_uris": "https://app.example.com/cb"},
    ],
    ids=str,
)
async def test_a_statement_out_of_order_is_refused(
    registry: Registry, changes: dict[str, object]
) -> None:
    directory = await registry.directory()
    statement = directory.statement(jwks=jwks(KEY), **changes)
    answer = await registry.register({"software_statement": statement})
    assert error_of(answer) == (400, "invalid_software_statement"), answer.text


@pytest.mark.parametrize("algorithm", list(Algorithm))
async def test_statements_are_signed_by_the_algorithms_of_the_house(
    registry: Registry, algorithm: Algorithm
) -> None:
    directory = await registry.directory(new_key(algorithm))
    await registry.registered({"software_statement": directory.statement(jwks=jwks(KEY))})


async def test_a_statement_that_is_not_its_issuers_is_refused(registry: Registry) -> None:
    directory = await registry.directory()
    good = directory.statement(jwks=jwks(KEY))
    head, body, signature = good.split(".")
    nobody = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    forged = new_key().sign(directory.claims(jwks=jwks(KEY)), typ="JWT")
    symmetric = OctKey.import_key(b"k" * 32)
    for text in (
        f"{nobody}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{nobody}.{body}.{signature}",
        forged,
        hmac_signed(symmetric, directory.claims(jwks=jwks(KEY))),
        directory.key.sign(directory.claims(jwks=jwks(KEY)), typ="at+jwt"),
        "text",
        7,
    ):
        answer = await registry.register({"software_statement": text})
        assert error_of(answer) == (400, "invalid_software_statement"), text
    await registry.registered({"software_statement": good})


def hmac_signed(key: OctKey, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])


async def test_a_statement_of_an_issuer_that_is_not_trusted_is_unapproved(
    registry: Registry, api: Api
) -> None:
    directory = await registry.directory()
    statement = directory.statement(jwks=jwks(KEY))
    await registry.tenant.create(f"{ISSUERS}/{directory.id}/remove", {})
    answer = await registry.register({"software_statement": statement})
    assert error_of(answer) == (400, "unapproved_software_statement")
    async with api.tenant() as other:
        # Trusted by another tenant, it is not trusted here.
        new = {"issuer": directory.issuer, "jwks": jwks(directory.key), "scopes": SCOPES}
        await other.create(ISSUERS, new)
        answer = await registry.register({"software_statement": statement})
        assert error_of(answer) == (400, "unapproved_software_statement")


async def test_fifty_at_once_with_one_statement_make_one_client(registry: Registry) -> None:
    directory, before = await registry.directory(), await registry.clients()
    said = {"software_statement": directory.statement(jwks=jwks(KEY))}
    answers = await asyncio.gather(*(registry.register(said) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 49
    assert len(await registry.clients() - before) == 1
    registry.address = "192.0.2.2"
    assert error_of(await registry.register(said)) == (400, "invalid_software_statement")


async def test_nobody_registers_by_a_statement_and_a_token_at_once(registry: Registry) -> None:
    directory = await registry.directory()
    said = {"software_statement": directory.statement(jwks=jwks(KEY))}
    answer = await registry.register(said, token=await registry.initial())
    assert error_of(answer) == (400, "invalid_request")


def uk(**changes: object) -> dict[str, Any]:
    """What UK Open Banking's software sends, beside its statement."""
    return {
        "redirect_uris": ["https://tpp.example.com/cb"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types": ["code"],
        "scope": "openid accounts",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_san_dns": "client.example",
        "request_object_signing_alg": "PS256",
        "id_token_signed_response_alg": "PS256",
        "application_type": "web",
    } | changes


async def test_software_of_the_uk_registers_by_a_request_that_it_signed(
    registry: Registry, key_publisher: Receiver
) -> None:
    key, holder = new_key(Algorithm.PS256), CLIENTS_CA.issue()
    body = json.dumps(jwks(key)).encode()
    key_publisher.script = lambda _: status(200, body=body)
    directory = await registry.directory(new_key(Algorithm.PS256), profile="fapi1-advanced")
    statement = directory.statement(
        exp=None,
        scope=None,
        client_name=None,
        redirect_uris=None,
        software_client_name="Money",
        software_version=1.1,
        software_roles=["AISP", "ASPSP"],
        software_redirect_uris=["https://tpp.example.com/cb", "https://tpp.example.com/b"],
        software_jwks_endpoint=f"https://{NAME}:{key_publisher.port}/uk/{key.kid}",
    )
    said = uk(software_statement=statement)
    for wrong in (
        registry.signed(new_key(Algorithm.PS256), "app-1", said),
        registry.signed(key, "app-2", said),
        registry.signed(key, "app-1", said, aud="https://elsewhere.example"),
        registry.signed(key, "app-1", said, exp=1),
        registry.signed(key, "app-1", said | {"scope": "openid payments"}),
        registry.signed(key, "app-1", said | {"response_types": ["code id_token"]}),
    ):
        answer = await registry.register(wrong, certificate=holder.der)
        assert error_of(answer) == (400, "invalid_client_metadata"), answer.text
    signed = registry.signed(key, "app-1", said)
    told = await registry.registered(signed, certificate=holder.der)
    assert (told["client_name"], told["scope"]) == ("Money", "accounts openid")
    assert told["tls_client_certificate_bound_access_tokens"] is True
    assert told["require_signed_request_object"] is True
    assert told["id_token_signed_response_alg"] == "ES256"
    assert told["software_version"] == "1.1"
    assert told["registration_client_uri"].startswith(str(registry.issuer.mtls_origin))
    answer = await registry.register(signed, certificate=holder.der)
    assert error_of(answer) == (400, "invalid_software_statement")
    # The one statement again, to its own client: it is read as it stands.
    update = registry.signed(key, told["client_id"], updating(told, scope="openid"))
    answer = await registry.manage("PUT", told, update, certificate=holder.der)
    assert (answer.status_code, answer.json()["scope"]) == (200, "openid"), answer.text


async def test_a_signed_request_needs_keys_that_a_statement_vouches_for(
    registry: Registry,
) -> None:
    key, directory = new_key(), await registry.directory()
    signed = registry.signed(key, "app-1", web(key))
    answer = await registry.register(signed, token=await registry.initial())
    assert error_of(answer) == (400, "invalid_client_metadata")
    said = web(key, redirect_uris=[], software_statement=directory.statement())
    answer = await registry.register(registry.signed(key, "app-1", said))
    assert error_of(answer) == (400, "invalid_client_metadata")
    assert error_of(await registry.register("no token")) == (400, "invalid_client_metadata")


async def test_nobody_registers_a_certificate_that_they_do_not_show(registry: Registry) -> None:
    holder, other = CLIENTS_CA.issue(), self_signed()
    said = web(KEY, token_endpoint_auth_method="tls_client_auth") | {
        "tls_client_auth_san_dns": "client.example"
    }
    token = await registry.initial()
    for certificate in (None, other.der):
        answer = await registry.register(said, token=token, certificate=certificate)
        assert error_of(answer) == (400, "invalid_client_metadata")
    theirs = said | {"tls_client_auth_san_dns": "victim.example"}
    answer = await registry.register(theirs, token=token, certificate=holder.der)
    assert error_of(answer) == (400, "invalid_client_metadata")
    told = await registry.registered(said, token=token, certificate=holder.der)
    assert told["tls_client_auth_san_dns"] == "client.example"


async def test_an_address_registers_at_a_bounded_rate(registry: Registry) -> None:
    answers = await asyncio.gather(*(registry.register({}, token="A" * 43) for _ in range(60)))
    assert {answer.status_code for answer in answers} == {401, 429}
    registry.address = "192.0.2.2"
    await registry.registered(web(KEY), token=await registry.initial())


async def test_requests_are_bounded_and_of_two_kinds(registry: Registry) -> None:
    answer = await registry.register({"client_name": "a" * 70_000}, token="A" * 43)
    assert error_of(answer) == (413, "invalid_request")
    url = f"{registry.issuer.url}/register"
    answer = await registry.send("POST", url, None)
    assert error_of(answer) == (401, "invalid_token")


async def test_the_platform_announces_where_clients_register(api: Api, tenant: Tenant) -> None:
    told = await tenant.create("/v1/initial-access-tokens", {"name": "Partner"})
    issuer, transport = f"/id/{tenant.id}", httpx.ASGITransport(api.app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as anybody:
        metadata = (await anybody.get(f"{issuer}/.well-known/openid-configuration")).json()
        assert metadata["registration_endpoint"] == f"{BASE}{issuer}/register"
        alias = metadata["mtls_endpoint_aliases"]["registration_endpoint"]
        assert alias == f"{MTLS_BASE}{issuer}/register"
        answer = await anybody.post(
            metadata["registration_endpoint"],
            json=web(KEY, scope=""),
            headers={"Authorization": f"Bearer {told['token']}"},
        )
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_registrations_are_audited_and_told(registry: Registry) -> None:
    token = await registry.initial()
    await registry.register(web(KEY, scope="vault:read"), token=token)
    told = await registry.registered(web(KEY), token=token)
    rows = await registry.database.fetch(
        "SELECT resource, outcome FROM audit_entry WHERE tenant_id = $1 AND actor IN ("
        " SELECT 'initial_access_token:' || initial_access_token FROM client_registration"
        " WHERE tenant_id = $1 AND client_id = $2::uuid) ORDER BY entry_id",
        registry.tenant.id,
        told["client_id"],
    )
    assert [row["outcome"] for row in rows] == ["refused", "done"]
    assert rows[1]["resource"] == f"/id/{registry.tenant.id}/register/{told['client_id']}"
    subject = f"/v1/oauth-clients/{told['client_id']}"
    events = await registry.database.fetch(
        "SELECT kind FROM event_pending WHERE tenant_id = $1 AND subject = $2"
        " UNION ALL SELECT kind FROM event WHERE tenant_id = $1 AND subject = $2",
        registry.tenant.id,
        subject,
    )
    assert {row["kind"] for row in events} == {"oauth_client.registered"}
