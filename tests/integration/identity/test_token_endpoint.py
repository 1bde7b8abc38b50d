"""The token endpoint and its neighbours as clients meet them."""

import json
from base64 import urlsafe_b64decode
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from bezant.identity.issuers import Endpoint
from bezant.identity.tokens import InvalidAccessToken
from fixtures_tokens import TokenRealm
from token_callers import Caller
from token_desk import GRANTED, ORIGIN, PAYMENT, REFUND

CREDENTIALS = {"grant_type": "client_credentials"}
CERTIFICATE = b"a certificate in DER, which nobody has to read"


def payload(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


async def test_a_clients_own_token_is_bound_to_its_dpop_key(token_realm: TokenRealm) -> None:
    caller = await token_realm.register()
    given = await caller.tokens(**CREDENTIALS, scope="accounts")
    assert (given["token_type"], given["scope"]) == ("DPoP", "accounts")
    assert {"refresh_token", "id_token", "grant_id"}.isdisjoint(given)
    claims = payload(given["access_token"])
    assert claims["cnf"] == {"jkt": caller.dpop.thumbprint()}
    assert (claims["iss"], claims["aud"]) == (token_realm.issuer.url, ORIGIN)
    assert (claims["sub"], claims["client_id"]) == (str(caller.client_id),) * 2
    assert claims["exp"] - claims["iat"] == given["expires_in"] == 300
    keys = KeySet.import_key_set(await token_realm.desk.keys.jwks(token_realm.tenant.id))  # type: ignore[arg-type]
    token = jwt.decode(given["access_token"], keys, algorithms=["ES256", "PS256", "EdDSA"])
    assert token.header["typ"] == "at+jwt"


async def test_a_clients_own_token_is_bound_to_its_certificate(token_realm: TokenRealm) -> None:
    caller = await token_realm.register(certificate=CERTIFICATE)
    given = await caller.tokens(**CREDENTIALS)
    assert given["token_type"] == "Bearer"
    assert list(payload(given["access_token"])["cnf"]) == ["x5t#S256"]


async def test_without_a_key_there_is_no_token(token_realm: TokenRealm) -> None:
    dpop, mtls = await token_realm.register(), await token_realm.register(certificate=CERTIFICATE)
    path = f"/id/{token_realm.tenant.id}/token"
    for caller, error in ((dpop, "invalid_dpop_proof"), (mtls, "invalid_request")):
        form = CREDENTIALS | {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": caller.assertion(),
        }
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(token_realm.app), base_url=ORIGIN
        ) as client:
            assert error_of(await client.post(path, data=form)) == (400, error)
        assert await caller.tokens(**CREDENTIALS)


async def test_a_code_brings_tokens_and_what_was_granted(token_realm: TokenRealm) -> None:
    caller = await token_realm.register()
    given = await caller.tokens(**await token_realm.code(caller))
    assert given["scope"].split() == sorted(GRANTED)
    assert given["authorization_details"] == [PAYMENT, REFUND]
    assert payload(given["access_token"])["grant_id"] == given["grant_id"]
    about = given["id_token"].split()
    assert about[:2] == [token_realm.issuer.url, str(caller.client_id)]
    assert about[3:] == ["nonce", given["access_token"]]
    assert given["refresh_token"].startswith("bzr_")
    refreshed = await caller.tokens(
        grant_type="refresh_token", refresh_token=given["refresh_token"], scope="accounts"
    )
    assert refreshed["scope"] == "accounts"
    assert {"refresh_token", "id_token"}.isdisjoint(refreshed)


async def test_a_public_client_names_itself_and_proves_its_key(token_realm: TokenRealm) -> None:
    caller = await token_realm.register(is_public=True)
    given = await caller.tokens(**await token_realm.code(caller))
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    thief = Caller(token_realm.app, token_realm.issuer, caller.client_id, is_public=True)
    assert error_of(await thief.post(Endpoint.TOKEN, form)) == (400, "invalid_grant")
    assert (await caller.tokens(**form))["refresh_token"] != given["refresh_token"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "admin"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "resource": "https://a.test"}, "invalid_target"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_request"),
        (
            {"grant_type": "authorization_code", "code": "x", "code_verifier": "y"},
            "invalid_grant",
        ),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "bzr_x"}, "invalid_grant"),
    ],
)
async def test_what_is_not_in_order_is_declined_in_the_words_of_oauth(
    token_realm: TokenRealm, form: dict[str, str], error: str
) -> None:
    caller = await token_realm.register()
    answer = await caller.post(Endpoint.TOKEN, form)
    assert error_of(answer) == (400, error)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_grant_type_is_for_who_is_registered_for_it(token_realm: TokenRealm) -> None:
    caller = await token_realm.register(grant_types=["authorization_code"])
    assert error_of(await caller.post(Endpoint.TOKEN, CREDENTIALS)) == (
        400,
        "unauthorized_client",
    )
    assert "refresh_token" not in await caller.tokens(**await token_realm.code(caller))


async def test_introspection_tells_a_client_of_its_own_tokens(token_realm: TokenRealm) -> None:
    caller = await token_realm.register()
    given = await caller.tokens(**await token_realm.code(caller))
    told = await caller.introspected(given["access_token"])
    assert told == payload(given["access_token"]) | {"active": True, "token_type": "DPoP"}
    for other in ("nonsense", given["refresh_token"], given["access_token"][:-4] + "AAAA"):
        assert await caller.introspected(other) == {"active": False}


async def test_only_resource_servers_learn_of_others_tokens(token_realm: TokenRealm) -> None:
    caller, stranger = await token_realm.register(), await token_realm.register()
    server = await token_realm.register(scopes=["introspection"])
    token = (await caller.tokens(**CREDENTIALS))["access_token"]
    assert await stranger.introspected(token) == {"active": False}
    assert (await server.introspected(token))["client_id"] == str(caller.client_id)
    public = await token_realm.register(is_public=True)
    answer = await public.post(Endpoint.INTROSPECTION, {"token": token})
    assert error_of(answer) == (401, "invalid_client")


async def test_introspection_is_signed_for_who_asks_where_that_is_accepted(
    token_realm: TokenRealm,
) -> None:
    caller = await token_realm.register()
    token = (await caller.tokens(**CREDENTIALS))["access_token"]
    media = "application/token-introspection+jwt"
    answer = await caller.post(
        Endpoint.INTROSPECTION, {"token": token}, Accept=f"text/plain, {media};q=0.9"
    )
    assert answer.headers["content-type"] == media
    claims = await token_realm.desk.keys.verify(
        token_realm.tenant.id, answer.text, "token-introspection+jwt"
    )
    assert (claims["iss"], claims["aud"]) == (token_realm.issuer.url, str(caller.client_id))
    assert claims["token_introspection"] == await caller.introspected(token)


async def test_a_client_revokes_an_access_token_alone(token_realm: TokenRealm) -> None:
    caller = await token_realm.register()
    given = await caller.tokens(**await token_realm.code(caller))
    other = await caller.tokens(grant_type="refresh_token", refresh_token=given["refresh_token"])
    answer = await caller.post(Endpoint.REVOCATION, {"token": given["access_token"]})
    assert (answer.status_code, answer.content) == (200, b"")
    assert await caller.introspected(given["access_token"]) == {"active": False}
    assert (await caller.introspected(other["access_token"]))["active"]


async def test_a_client_that_revokes_a_refresh_token_ends_its_grant(
    token_realm: TokenRealm,
) -> None:
    caller = await token_realm.register()
    given = await caller.tokens(**await token_realm.code(caller))
    form = {"token": given["refresh_token"], "token_type_hint": "access_token"}
    for _ in range(2):
        assert (await caller.post(Endpoint.REVOCATION, form)).status_code == 200
    assert await caller.introspected(given["access_token"]) == {"active": False}
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    assert error_of(await caller.post(Endpoint.TOKEN, form)) == (400, "invalid_grant")


async def test_nobody_revokes_anothers_tokens(token_realm: TokenRealm) -> None:
    caller, stranger = await token_realm.register(), await token_realm.register()
    given = await caller.tokens(**await token_realm.code(caller))
    for kind in ("access_token", "refresh_token"):
        answer = await stranger.post(Endpoint.REVOCATION, {"token": given[kind]})
        assert error_of(answer) == (400, "invalid_grant")
    assert (await caller.introspected(given["access_token"]))["active"]
    for unknown in ("nonsense", "bzr_nonsense"):
        answer = await caller.post(Endpoint.REVOCATION, {"token": unknown})
        assert answer.status_code == 200


async def test_the_tokens_of_a_disabled_client_end(token_realm: TokenRealm) -> None:
    caller = await token_realm.register()
    token = (await caller.tokens(**CREDENTIALS))["access_token"]
    await token_realm.desk.access.read(token_realm.issuer, token)
    await token_realm.disable(caller)
    token_realm.desk.standings.forget_all()
    with pytest.raises(InvalidAccessToken):
        await token_realm.desk.access.read(token_realm.issuer, token)


async def test_a_client_manages_the_grants_that_it_was_given(token_realm: TokenRealm) -> None:
    scopes = [*GRANTED, "grant_management_query", "grant_management_revoke"]
    caller, stranger = (
        await token_realm.register(scopes=scopes),
        await token_realm.register(scopes=scopes),
    )
    grant = (await caller.tokens(**await token_realm.code(caller)))["grant_id"]
    own = (await caller.tokens(**CREDENTIALS))["access_token"]
    others = (await stranger.tokens(**CREDENTIALS))["access_token"]
    path = f"/id/{token_realm.tenant.id}/grants"

    listed = (await caller.call("GET", path, own)).json()
    assert ([each["grant_id"] for each in listed["grants"]], listed["next"]) == ([grant], None)
    told = (await caller.call("GET", f"{path}/{grant}", own)).json()
    assert told["scopes"] == [{"scope": " ".join(sorted(GRANTED))}]
    assert told["authorization_details"] == [PAYMENT, REFUND]
    for method in ("GET", "DELETE"):
        for unknown in (grant, str(uuid4()), "nonsense"):
            answer = await stranger.call(method, f"{path}/{unknown}", others)
            assert answer.status_code == 404
    assert (await caller.call("DELETE", f"{path}/{grant}", own)).status_code == 204
    assert (await caller.call("GET", f"{path}/{grant}", own)).status_code == 404
    assert (await caller.call("GET", path, own)).json()["grants"] == []


async def test_grants_are_managed_by_a_token_of_the_clients_own_with_the_scope(
    token_realm: TokenRealm,
) -> None:
    caller = await token_realm.register(scopes=[*GRANTED, "grant_management_query"])
    given = await caller.tokens(**await token_realm.code(caller))
    own = (await caller.tokens(**CREDENTIALS))["access_token"]
    less = (await caller.tokens(**CREDENTIALS, scope="accounts"))["access_token"]
    path = f"/id/{token_realm.tenant.id}/grants/{given['grant_id']}"
    assert (await caller.call("GET", path, own)).status_code == 200
    for token, method in ((less, "GET"), (own, "DELETE"), (given["access_token"], "GET")):
        answer = await caller.call(method, path, token)
        assert error_of(answer) == (403, "insufficient_scope")
    answer = await caller.call("GET", path, own, scheme="Bearer")
    assert error_of(answer) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
