"""A client manages its registration (RFC 7592), and never becomes more than it registered as."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import ECKey

from bezant.identity.grants import GrantService, NewGrant
from bezant.identity.jose import read_token
from bezant.identity.logins import Acr, Login
from bezant.identity.tokens.standing import TokenStandings
from bezant.kernel.calls import Answer
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.ids import TimeOrderedIds
from certified import self_signed
from fixtures_api import Tenant
from fixtures_registration import CLIENTS_CA
from registering import ISSUERS, Directory, Registry, error_of, jwks, new_key, updating, web
from token_callers import Caller

KEY = new_key()


async def shop(registry: Registry, **members: object) -> dict[str, Any]:
    """A client that registered by a token."""
    return await registry.registered(web(KEY, **members), token=await registry.initial())


async def stated(registry: Registry, **claims: object) -> tuple[Directory, dict[str, Any]]:
    """A client that registered by a statement, and who signed that."""
    directory = await registry.directory()
    statement = directory.statement(**{"jwks": jwks(KEY)} | claims)
    return directory, await registry.registered({"software_statement": statement})


async def updated(registry: Registry, told: dict[str, Any], **changes: object) -> dict[str, Any]:
    """What a client is told of an update that is taken."""
    answer = await registry.manage("PUT", told, updating(told, **changes))
    assert answer.status_code == 200, answer.text
    new: dict[str, Any] = answer.json()
    return new


async def seen(registry: Registry, told: dict[str, Any]) -> dict[str, Any]:
    """The client as its tenant sees it."""
    answer = await registry.tenant.client.get(f"/v1/oauth-clients/{told['client_id']}")
    found: dict[str, Any] = answer.json()
    return found


async def test_a_client_reads_what_it_is_registered_as(registry: Registry) -> None:
    told = await shop(registry)
    answer = await registry.manage("GET", told)
    assert (answer.status_code, answer.json()) == (200, told)


async def test_an_update_replaces_all_that_it_may(registry: Registry) -> None:
    told = await shop(registry, scope="accounts openid payments")
    left_out = updating(told, client_name="Stall", redirect_uris=["https://shop.example.com/2"])
    del left_out["scope"]
    answer = await registry.manage("PUT", told, left_out)
    new = answer.json()
    assert (new["client_name"], new["scope"]) == ("Stall", "")
    assert new["redirect_uris"] == ["https://shop.example.com/2"]
    client = await seen(registry, told)
    assert (client["name"], client["scopes"]) == ("Stall", [])
    # It is still what it registered as that bounds it: it may go back.
    again = await updated(registry, new, scope="accounts openid payments")
    assert again["scope"] == told["scope"]


async def test_an_update_replaces_the_token_but_a_lost_answer_locks_nobody_out(
    registry: Registry,
) -> None:
    told = await shop(registry)
    lost = await updated(registry, told)
    assert lost["registration_access_token"] != told["registration_access_token"]
    new = await updated(registry, told)
    # The answer that was lost is worth nothing any more, and neither is what it replaced once its
    # successor was seen.
    assert error_of(await registry.manage("GET", lost)) == (401, "invalid_token")
    assert (await registry.manage("GET", told)).status_code == 200
    assert (await registry.manage("GET", new)).status_code == 200
    answer = await registry.manage("GET", told)
    assert error_of(answer) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


ESCALATIONS: dict[str, dict[str, object]] = {
    "a-scope": {"scope": "accounts openid payments"},
    "a-scope-of-the-api": {"scope": "openid vault:detokenize"},
    "a-grant-type": {"grant_types": ["authorization_code", "refresh_token", "client_credentials"]},
    "a-redirect-host": {"redirect_uris": ["https://shop.example.com.evil.example/cb"]},
    "a-redirect-port": {"redirect_uris": ["https://shop.example.com:8443/cb"]},
    "no-authentication": {"token_endpoint_auth_method": "none", "jwks": None},
    "a-certificate-instead": {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_san_dns": "evil.example",
    },
    "another-binding": {
        "dpop_bound_access_tokens": False,
        "tls_client_certificate_bound_access_tokens": True,
    },
    "another-profile": {"require_signed_request_object": True},
    "anothers-key": {"jwks": jwks(new_key())},
    "keys-elsewhere": {"jwks": None, "jwks_uri": "https://evil.example.com/jwks"},
    "a-statement": {"software_statement": "eyJhbGciOiJFUzI1NiJ9.e30.AA"},
    "another-client": {"client_id": str(uuid4())},
    "no-client": {"client_id": None},
    "its-own-token": {"registration_access_token": "A" * 43},
    "a-secret": {"client_secret": "secret"},
}


@pytest.mark.parametrize("changes", ESCALATIONS.values(), ids=ESCALATIONS)
async def test_registration_update_escalation_is_refused(
    registry: Registry, changes: dict[str, object]
) -> None:
    told = await shop(registry)
    before = await seen(registry, told)
    answer = await registry.manage("PUT", told, updating(told, **changes))
    assert answer.status_code == 400, answer.text
    assert await seen(registry, told) == before
    rows = await registry.database.fetch(
        "SELECT outcome FROM audit_entry WHERE tenant_id = $1 AND actor = $2",
        registry.tenant.id,
        f"client:{told['client_id']}",
    )
    assert [row["outcome"] for row in rows] == ["refused"]
    # Refused for the change alone: without it the same update is taken.
    await updated(registry, told)


STATED_ESCALATIONS: dict[str, dict[str, object]] = {
    "a-scope": {"scope": "accounts openid payments"},
    "a-grant-type": {"grant_types": ["authorization_code", "client_credentials"]},
    "a-redirect-uri": {"redirect_uris": ["https://app.example.com/third"]},
    "keys": {"jwks": jwks(new_key())},
}


@pytest.mark.parametrize("changes", STATED_ESCALATIONS.values(), ids=STATED_ESCALATIONS)
async def test_an_update_never_widens_what_the_statement_allows(
    registry: Registry, changes: dict[str, object]
) -> None:
    _, told = await stated(registry)
    answer = await registry.manage("PUT", told, updating(told, **changes))
    assert answer.status_code == 400, answer.text
    new = await updated(registry, told, client_name="Forged", scope="openid")
    assert (new["client_name"], new["scope"]) == ("Accounts at a glance", "openid")


async def test_a_statement_is_swapped_for_a_newer_one_of_the_same_software_only(
    registry: Registry,
) -> None:
    directory, told = await stated(registry)
    other = await registry.directory()
    foreign = other.statement(jwks=jwks(KEY), scope="openid accounts payments")
    for statement in (
        foreign,
        directory.statement(jwks=jwks(KEY), software_id="app-2"),
        directory.statement(jwks=jwks(KEY), software_id=None),
    ):
        answer = await registry.manage("PUT", told, updating(told, software_statement=statement))
        assert error_of(answer) == (400, "invalid_software_statement"), answer.text
    # What was refused is not used up.
    await registry.registered({"software_statement": foreign})
    newer = directory.statement(
        jwks=jwks(KEY), scope="openid accounts payments", software_version="2.0"
    )
    new = await updated(registry, told, software_statement=newer, scope="accounts openid payments")
    assert (new["scope"], new["software_version"]) == ("accounts openid payments", "2.0")
    answer = await registry.register({"software_statement": newer})
    assert error_of(answer) == (400, "invalid_software_statement")
    # Its own statement may come along with each update.
    answer = await registry.manage("PUT", new, updating(new))
    assert answer.status_code == 200, answer.text


async def test_a_statement_makes_no_second_client_after_it_was_replaced(
    registry: Registry,
) -> None:
    directory, told = await stated(registry)
    first = told["software_statement"]
    newer = directory.statement(jwks=jwks(KEY))
    await updated(registry, told, software_statement=newer)
    answer = await registry.register({"software_statement": first})
    assert error_of(answer) == (400, "invalid_software_statement")


async def test_clients_of_an_issuer_that_is_trusted_no_more_stay_as_they_are(
    registry: Registry,
) -> None:
    directory, told = await stated(registry)
    await registry.tenant.create(f"{ISSUERS}/{directory.id}/remove", {})
    answer = await registry.manage("PUT", told, updating(told, scope="openid"))
    assert error_of(answer) == (400, "unapproved_software_statement")
    assert (await registry.manage("GET", told)).status_code == 200
    # Trusted anew, for less, it is for less.
    new = {"issuer": directory.issuer, "jwks": jwks(directory.key), "scopes": ["openid"]}
    await registry.tenant.create(ISSUERS, new)
    answer = await registry.manage("PUT", told, updating(told))
    assert error_of(answer) == (400, "invalid_client_metadata")
    assert (await updated(registry, told, scope="openid"))["scope"] == "openid"


async def test_keys_are_changed_by_who_has_the_present_ones(registry: Registry) -> None:
    told, new = await shop(registry), new_key()
    changed = updating(told, jwks=jwks(new))
    forged = registry.signed(new, told["client_id"], changed)
    answer = await registry.manage("PUT", told, forged)
    assert error_of(answer) == (400, "invalid_client_metadata")
    signed = registry.signed(KEY, told["client_id"], changed)
    answer = await registry.manage("PUT", told, signed)
    assert (answer.status_code, answer.json()["jwks"]) == (200, jwks(new)), answer.text
    # A request is good for one use, even by who has the new token.
    told = answer.json()
    again = registry.signed(new, told["client_id"], updating(told), jti="once")
    answer = await registry.manage("PUT", told, again)
    assert answer.status_code == 200
    answer = await registry.manage("PUT", answer.json(), again)
    assert error_of(answer) == (400, "invalid_client_metadata")


async def test_nobody_weakens_how_a_client_authenticates_not_even_who_has_its_keys(
    registry: Registry,
) -> None:
    told = await shop(registry)
    before = await seen(registry, told)
    weaker = updating(told, token_endpoint_auth_method="none")
    del weaker["jwks"]
    signed = registry.signed(KEY, told["client_id"], weaker)
    answer = await registry.manage("PUT", told, signed)
    assert error_of(answer) == (400, "invalid_client_metadata")
    assert await seen(registry, told) == before
    signed = registry.signed(KEY, told["client_id"], updating(told))
    assert (await registry.manage("PUT", told, signed)).status_code == 200


async def test_a_client_with_a_certificate_shows_it_whenever_it_manages(
    registry: Registry,
) -> None:
    holder, other = CLIENTS_CA.issue(), self_signed()
    said = web(KEY, token_endpoint_auth_method="tls_client_auth") | {
        "tls_client_auth_san_dns": "client.example"
    }
    told = await registry.registered(said, token=await registry.initial(), certificate=holder.der)
    for method in ("GET", "PUT", "DELETE"):
        for certificate in (None, other.der):
            body = updating(told) if method == "PUT" else None
            answer = await registry.manage(method, told, body, certificate=certificate)
            assert error_of(answer) == (401, "invalid_token")
    answer = await registry.manage("GET", told, certificate=holder.der)
    assert answer.json() == told
    theirs = updating(told, tls_client_auth_san_dns="victim.example")
    answer = await registry.manage("PUT", told, theirs, certificate=holder.der)
    assert error_of(answer) == (400, "invalid_client_metadata")
    answer = await registry.manage("DELETE", told, certificate=holder.der)
    assert answer.status_code == 204


async def test_deleting_ends_the_client_with_its_tokens_and_grants(registry: Registry) -> None:
    told = await shop(
        registry, grant_types=["authorization_code", "refresh_token", "client_credentials"]
    )
    client_id = UUID(told["client_id"])
    key = ECKey.import_key(KEY.key.as_dict(private=True))
    caller = Caller(registry.app, registry.issuer, client_id, key=key)
    given = await caller.tokens(grant_type="client_credentials", scope="accounts")
    jti = claims_of(given["access_token"])["jti"]
    grants = GrantService(registry.database, registry.clock, TimeOrderedIds())
    now = registry.clock.now()
    login = Login(uuid4(), uuid4(), now, Acr.SCA, ("pwd",))
    new = NewGrant(client_id=client_id, login=login, scopes=frozenset({"openid"}))
    grant = await registry.database.transaction(
        lambda connection: grants.make(connection, registry.tenant.id, new, now)
    )
    assert await holds(registry, jti)
    assert (await registry.manage("DELETE", told)).status_code == 204
    # A process that knew nothing of the token, and so asks, is told at once.
    assert not await holds(registry, jti)
    assert (await grants.find(registry.tenant.id, grant.id)).revoked_at is not None
    assert (await seen(registry, told))["disabled_at"] is not None
    for method in ("GET", "PUT", "DELETE"):
        answer = await registry.manage(method, told, updating(told) if method == "PUT" else None)
        assert error_of(answer) == (401, "invalid_token")
    answer = await registry.tenant.client.get("/v1/oauth-client-registrations?limit=1000")
    mine = [
        each
        for each in answer.json()["oauth_client_registrations"]
        if each["client_id"] == told["client_id"]
    ]
    assert mine[0]["deleted_at"] is not None


def claims_of(token: str) -> dict[str, Any]:
    return dict(read_token(token).claimed)


async def holds(registry: Registry, jti: str) -> bool:
    """Whether a token holds, for a process that has not seen it."""
    standings = TokenStandings(registry.database, registry.clock)
    try:
        return await standings.holds(registry.tenant.id, jti)
    finally:
        await standings.close()


def doubting(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose the answer to the next commit that writes an audit entry."""
    transaction = Database.transaction
    lost: list[object] = []

    async def doubtful(self: Database, work: Any, **more: Any) -> Any:  # noqa: ANN401 - as the real one
        result = await transaction(self, work, **more)
        if self is registry.database and isinstance(result, Answer) and not lost:
            lost.append(result)
            raise CommitUnknown
        return result

    monkeypatch.setattr(Database, "transaction", doubtful)


async def test_a_commit_in_doubt_is_told_as_what_it_did(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await registry.initial(uses=2)
    before = await registry.clients()
    with monkeypatch.context() as context:
        doubting(registry, context)
        told = await registry.registered(web(KEY), token=token)
    assert await registry.clients() - before == {UUID(told["client_id"])}
    with monkeypatch.context() as context:
        doubting(registry, context)
        new = await updated(registry, told, client_name="Stall")
    assert (await registry.manage("GET", new)).json() == new
    with monkeypatch.context() as context:
        doubting(registry, context)
        assert (await registry.manage("DELETE", new)).status_code == 204
    assert error_of(await registry.manage("GET", new)) == (401, "invalid_token")
    await registry.registered(web(KEY), token=token)


async def test_a_client_that_its_tenant_disabled_manages_nothing(registry: Registry) -> None:
    told = await shop(registry)
    await registry.tenant.create(f"/v1/oauth-clients/{told['client_id']}/disable", {})
    assert error_of(await registry.manage("GET", told)) == (401, "invalid_token")


async def test_a_token_manages_its_own_client_and_no_other(
    registry: Registry, other_tenant: Tenant
) -> None:
    mine, theirs = await shop(registry), await shop(registry)
    uri = theirs["registration_client_uri"]
    answer = await registry.manage("GET", mine | {"registration_client_uri": uri})
    assert error_of(answer) == (401, "invalid_token")
    elsewhere = uri.replace(str(registry.tenant.id), str(other_tenant.id))
    answer = await registry.manage("GET", theirs | {"registration_client_uri": elsewhere})
    assert error_of(answer) == (401, "invalid_token")
    for client in (uuid4(), "none"):
        uri = f"{registry.issuer.url}/register/{client}"
        answer = await registry.manage("GET", mine | {"registration_client_uri": uri})
        assert error_of(answer) == (401, "invalid_token")
    made = await registry.tenant.create(
        "/v1/oauth-clients",
        {"name": "By hand", "grant_types": ["client_credentials"], "jwks": jwks(KEY)},
    )
    uri = f"{registry.issuer.url}/register/{made['id']}"
    answer = await registry.manage("GET", mine | {"registration_client_uri": uri})
    assert error_of(answer) == (401, "invalid_token")


async def test_of_updates_at_once_each_is_judged_by_what_the_one_before_left(
    registry: Registry,
) -> None:
    told = await shop(registry)
    names = [f"Shop {number}" for number in range(8)]
    answers = await asyncio.gather(
        *(registry.manage("PUT", told, updating(told, client_name=name)) for name in names)
    )
    assert {answer.status_code for answer in answers} <= {200, 401, 409}
    taken = [answer.json() for answer in answers if answer.status_code == 200]
    assert taken
    # One of the tokens that were given is the client's, and it is what that answer says.
    good = [each for each in taken if (await registry.manage("GET", each)).status_code == 200]
    assert [each["client_name"] for each in good] == [(await seen(registry, told))["name"]]
