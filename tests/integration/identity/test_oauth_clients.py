"""Registered clients: consistent, no stronger than who registers them, and audited."""

from typing import Any
from uuid import uuid4

import pytest
from joserfc.jwk import ECKey

from bezant.identity.clients import DEVICE_GRANT
from bezant.identity.clients import TOKEN_EXCHANGE as EXCHANGE
from bezant.kernel.database import Database
from fixtures_api import CLIENT_KEYS, Api, Tenant, fresh_key

CLIENTS = "/v1/oauth-clients"
SERVICE: dict[str, Any] = {
    "name": "Books",
    "grant_types": ["client_credentials"],
    "jwks": CLIENT_KEYS,
}
WEB: dict[str, Any] = {
    "name": "Shop",
    "grant_types": ["authorization_code", "refresh_token"],
    "redirect_uris": ["https://shop.example.com/callback"],
    "scopes": ["openid"],
    "jwks": CLIENT_KEYS,
}
PHONE: dict[str, Any] = {
    "name": "Phone",
    "authentication": "none",
    "grant_types": ["authorization_code"],
    "redirect_uris": ["com.example.app:/callback", "http://127.0.0.1:1234/callback"],
}
TELEVISION: dict[str, Any] = {
    "name": "Television",
    "authentication": "none",
    "grant_types": ["refresh_token", DEVICE_GRANT],
}
SUBJECT = {"member": "tls_client_auth_san_dns", "value": "client.example.com"}
PING = {
    "token_delivery_mode": "ping",
    "client_notification_endpoint": "https://till.example.com/told",
    "authentication_request_signing_alg": "ES256",
}
POLL = {"token_delivery_mode": "poll"}
TILL: dict[str, Any] = {
    "name": "Till",
    "profile": "fapi2-message-signing",
    "grant_types": ["refresh_token", "urn:openid:params:grant-type:ciba"],
    "scopes": ["openid"],
    "jwks": CLIENT_KEYS,
    "backchannel": PING,
}
BANK: dict[str, Any] = WEB | {
    "name": "Bank",
    "profile": "fapi1-advanced",
    "authentication": "tls_client_auth",
    "binding": "mtls",
    "tls_subject": SUBJECT,
    # Those of the others are for EdDSA, which the profile does not have.
    "jwks": {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]},
}


@pytest.mark.parametrize(
    "body", [SERVICE, WEB, PHONE, BANK, TILL, TELEVISION], ids=lambda body: str(body["name"])
)
async def test_a_client_is_registered_as_it_is(tenant: Tenant, body: dict[str, Any]) -> None:
    created = await tenant.create(CLIENTS, body)
    assert {name: created[name] for name in body} == body
    read = (await tenant.client.get(f"{CLIENTS}/{created['id']}")).json()
    assert read == created
    assert created["disabled_at"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (PHONE | {"binding": "mtls"}, "binding"),
        (PHONE | {"profile": "fapi2-message-signing"}, "profile"),
        (PHONE | {"jwks": CLIENT_KEYS}, "jwks"),
        (PHONE | {"grant_types": ["client_credentials"], "redirect_uris": []}, "grant_types"),
        (WEB | {"redirect_uris": []}, "redirect_uris"),
        (TELEVISION | {"redirect_uris": WEB["redirect_uris"]}, "redirect_uris"),
        (BANK | {"grant_types": [*WEB["grant_types"], DEVICE_GRANT]}, "grant_types"),
        (SERVICE | {"redirect_uris": WEB["redirect_uris"]}, "redirect_uris"),
        (SERVICE | {"grant_types": ["refresh_token"]}, "grant_types"),
        (SERVICE | {"grant_types": [EXCHANGE]}, "exchange"),
        (SERVICE | {"exchange": {"audiences": ["https://a.test"]}}, "exchange"),
        (PHONE | {"grant_types": ["authorization_code", EXCHANGE]}, "grant_types"),
        (SERVICE | {"jwks": None}, "jwks"),
        (SERVICE | {"jwks": {"keys": []}}, "jwks"),
        (SERVICE | {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "jwks"),
        (SERVICE | {"jwks_uri": "https://keys.example.com/jwks"}, "jwks_uri"),
        (SERVICE | {"jwks": None, "jwks_uri": "http://keys.example.com/"}, "jwks_uri"),
        (SERVICE | {"jwks": None, "jwks_uri": "https://127.0.0.1/jwks"}, "jwks_uri"),
        (SERVICE | {"jwks": None, "jwks_uri": "https://169.254.169.254/"}, "jwks_uri"),
        (SERVICE | {"jwks": None, "jwks_uri": "https://localhost/jwks"}, "jwks_uri"),
        (SERVICE | {"tls_subject": SUBJECT}, "tls_subject"),
        (BANK | {"tls_subject": None}, "tls_subject"),
        (
            BANK | {"tls_subject": {"member": "tls_client_auth_san_ip", "value": "192.0.2"}},
            "tls_subject",
        ),
        (BANK | {"binding": "dpop"}, "binding"),
        (BANK | {"jwks": None}, "jwks"),
        (BANK | {"jwks": CLIENT_KEYS}, "jwks"),
        (SERVICE | {"authentication": "self_signed_tls_client_auth", "jwks": None}, "jwks"),
        (TILL | {"backchannel": None}, "backchannel"),
        (SERVICE | {"backchannel": POLL}, "backchannel"),
        (TILL | {"backchannel": POLL}, "backchannel"),
        (
            PHONE
            | {"grant_types": [*PHONE["grant_types"], TILL["grant_types"][1]]}
            | {"backchannel": POLL},
            "backchannel",
        ),
        (
            TILL
            | {"profile": "fapi2", "authentication": "tls_client_auth"}
            | {"binding": "mtls", "tls_subject": SUBJECT, "jwks": None},
            "jwks",
        ),
        *(
            (TILL | {"backchannel": PING | {"client_notification_endpoint": url}}, "backchannel")
            for url in (
                None,
                "http://till.example.com/",
                "https://127.0.0.1/",
                "https://169.254.169.254/latest",
                "https://user@till.example.com/",
                "https://till.example.com:6379/",
            )
        ),
        (TILL | {"backchannel": PING | {"token_delivery_mode": "poll"}}, "backchannel"),
    ],
)
async def test_a_contradiction_is_refused(tenant: Tenant, body: dict[str, Any], field: str) -> None:
    answer = await tenant.post(CLIENTS, body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "INVALID_CLIENT_METADATA"), answer.text
    assert problem["field"] == field


@pytest.mark.parametrize(
    "body",
    [
        SERVICE | {"authentication": "client_secret_basic"},
        SERVICE | {"grant_types": ["password"]},
        SERVICE | {"grant_types": ["implicit"]},
        SERVICE | {"grant_types": []},
        SERVICE | {"scopes": ["two words"]},
        SERVICE | {"scopes": [""]},
        SERVICE | {"client_secret": "secret"},
        TILL | {"backchannel": PING | {"token_delivery_mode": "push"}},
        TILL | {"backchannel": PING | {"authentication_request_signing_alg": "RS256"}},
        TILL | {"backchannel": PING | {"user_code": True}},
    ],
)
async def test_what_is_not_offered_is_malformed(tenant: Tenant, body: dict[str, Any]) -> None:
    answer = await tenant.post(CLIENTS, body)
    assert answer.status_code == 400, answer.text


async def test_a_redirect_uri_that_is_nobodys_is_refused(tenant: Tenant) -> None:
    for uri in ("https://*.example.com/", "http://shop.example.com/", "com.example.app:/callback"):
        answer = await tenant.post(CLIENTS, WEB | {"redirect_uris": [uri]})
        assert answer.json()["code"] == "INVALID_REDIRECT_URI"


async def test_nobody_registers_more_than_they_hold(api: Api, tenant: Tenant) -> None:
    issued = await api.issue(tenant.id, ("identity:clients", "ledger:read"))
    assert issued.key is not None
    mine = SERVICE | {"scopes": ["ledger:read", "openid"]}
    theirs = SERVICE | {"scopes": ["vault:detokenize"]}
    strong = await tenant.create(CLIENTS, theirs)
    async with api.client(issued.key) as client:
        created = await client.post(CLIENTS, json=mine, headers=fresh_key())
        assert created.status_code == 201
        answer = await client.post(CLIENTS, json=theirs, headers=fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (403, "CLIENT_GRANT_TOO_WIDE")
        # Nor do they put their own keys on a client that may more.
        change = {"jwks": CLIENT_KEYS}
        path = f"{CLIENTS}/{strong['id']}/keys"
        answer = await client.post(path, json=change, headers=fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (403, "CLIENT_GRANT_TOO_WIDE")
        path = f"{CLIENTS}/{created.json()['id']}/keys"
        assert (await client.post(path, json=change, headers=fresh_key())).status_code == 200


async def test_keys_are_replaced_as_a_whole(tenant: Tenant) -> None:
    client = await tenant.create(CLIENTS, SERVICE)
    uri = "https://keys.example.com/jwks"
    changed = await tenant.create(f"{CLIENTS}/{client['id']}/keys", {"jwks_uri": uri})
    assert (changed["jwks"], changed["jwks_uri"]) == (None, uri)
    assert changed["changed_at"] > client["changed_at"]
    answer = await tenant.post(f"{CLIENTS}/{client['id']}/keys", {})
    assert answer.json()["code"] == "INVALID_CLIENT_METADATA"


async def test_a_disabled_client_stays_so(tenant: Tenant) -> None:
    client = await tenant.create(CLIENTS, SERVICE)
    path = f"{CLIENTS}/{client['id']}"
    once = await tenant.create(f"{path}/disable", {})
    again = await tenant.create(f"{path}/disable", {})
    assert once["disabled_at"] == again["disabled_at"] is not None
    answer = await tenant.post(f"{path}/keys", {"jwks": CLIENT_KEYS})
    assert (answer.status_code, answer.json()["code"]) == (409, "OAUTH_CLIENT_DISABLED")


async def test_clients_are_listed_page_by_page(api: Api) -> None:
    async with api.tenant() as tenant:
        made = [(await tenant.create(CLIENTS, SERVICE))["id"] for _ in range(3)]
        first = (await tenant.client.get(f"{CLIENTS}?limit=2")).json()
        rest = (await tenant.client.get(f"{CLIENTS}?limit=2&cursor={first['next']}")).json()
        listed = [*first["oauth_clients"], *rest["oauth_clients"]]
        assert [each["id"] for each in listed] == made
        assert rest["next"] is None


async def test_what_is_done_to_clients_is_audited_and_told(
    tenant: Tenant, database: Database
) -> None:
    client = await tenant.create(CLIENTS, SERVICE)
    path = f"{CLIENTS}/{client['id']}"
    await tenant.create(f"{path}/keys", {"jwks": CLIENT_KEYS})
    await tenant.create(f"{path}/disable", {})
    rows = await database.fetch(
        "SELECT action FROM audit_entry WHERE tenant_id = $1 AND resource LIKE $2"
        " ORDER BY entry_id",
        tenant.id,
        f"{path}%",
    )
    assert [row["action"] for row in rows] == ["oauth_client.change_keys", "oauth_client.disable"]
    told = await database.fetch(
        "SELECT kind FROM event_pending WHERE tenant_id = $1 AND subject = $2"
        " UNION ALL SELECT kind FROM event WHERE tenant_id = $1 AND subject = $2",
        tenant.id,
        path,
    )
    assert {row["kind"] for row in told} == {
        "oauth_client.created",
        "oauth_client.keys_changed",
        "oauth_client.disabled",
    }


async def test_an_unknown_client_is_not_found(tenant: Tenant) -> None:
    answer = await tenant.client.get(f"{CLIENTS}/{uuid4()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "OAUTH_CLIENT_NOT_FOUND")


async def test_what_a_client_may_exchange_tokens_for_is_shown(tenant: Tenant) -> None:
    exchange = {"audiences": ["https://b.test", "https://a.test"]}
    grant_types = ["client_credentials", EXCHANGE]
    body = SERVICE | {"grant_types": grant_types, "exchange": exchange}
    created = await tenant.create(CLIENTS, body)
    shown = {"audiences": ["https://a.test", "https://b.test"], "impersonates": False}
    assert created["exchange"] == shown
    plain = await tenant.create(CLIENTS, SERVICE)
    assert plain["exchange"] is None
