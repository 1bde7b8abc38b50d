"""Access tokens at the API: whose they are, who else has them, and how that is told apart."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from bezant.identity.clients import Clients
from bezant.identity.confirmation import Confirmation
from bezant.identity.issuers import Endpoint
from bezant.identity.tokens import InvalidAccessToken
from fixtures_api import Tenant
from fixtures_tokens import TokenRealm
from token_callers import Caller, new_key, sign
from token_desk import ORIGIN

if TYPE_CHECKING:
    import asyncpg

GRANTS = "/v1/grants"
CERTIFICATE = b"a certificate in DER, which nobody has to read"


async def caller_of(token_realm: TokenRealm, **members: Any) -> Caller:  # noqa: ANN401 - members by name
    return await token_realm.register(scopes=["accounts", "grants:read", "grants:write"], **members)


async def own_token(caller: Caller, **form: str) -> str:
    token: str = (await caller.tokens(grant_type="client_credentials", **form))["access_token"]
    return token


def refused(answer: httpx.Response, scheme: str = "DPoP", error: str = "invalid_token") -> bool:
    assert answer.json()["code"] == "UNAUTHENTICATED"
    challenge = answer.headers["www-authenticate"]
    return answer.status_code == 401 and challenge.startswith(f'{scheme} error="{error}"')


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
async def test_a_token_opens_the_api_to_who_proves_its_key(
    token_realm: TokenRealm, scheme: str
) -> None:
    caller = await caller_of(token_realm)
    token = await own_token(caller)
    for _ in range(2):
        answer = await caller.call("GET", GRANTS, token, scheme=scheme)
        assert answer.status_code == 200, answer.text


async def test_no_token_is_a_bearer_token(token_realm: TokenRealm) -> None:
    caller = await caller_of(token_realm)
    token = await own_token(caller)
    assert refused(await caller.call("GET", GRANTS, token, scheme="Bearer"), "Bearer")
    async with caller.client() as client:
        answer = await client.get(GRANTS, headers={"Authorization": f"DPoP {token}"})
    assert refused(answer)
    assert (await caller.call("GET", GRANTS, token)).status_code == 200


async def test_a_token_is_worth_nothing_to_who_has_another_key(token_realm: TokenRealm) -> None:
    caller = await caller_of(token_realm)
    token = await own_token(caller)
    thief = replace(caller, dpop=new_key(), nonce=None)
    assert refused(await thief.call("GET", GRANTS, token))
    assert (await caller.call("GET", GRANTS, token)).status_code == 200


async def test_a_token_of_a_certificate_opens_the_api_to_its_connection_only(
    token_realm: TokenRealm,
) -> None:
    caller = await caller_of(token_realm, certificate=CERTIFICATE)
    token = await own_token(caller)
    for scheme in ("Bearer", "bearer"):
        answer = await caller.call("GET", GRANTS, token, scheme=scheme)
        assert answer.status_code == 200, answer.text
    thief = replace(caller, certificate=b"another certificate")
    assert refused(await thief.call("GET", GRANTS, token, scheme="Bearer"), "Bearer")
    thief = replace(caller, certificate=None)
    assert refused(await thief.call("GET", GRANTS, token, scheme="Bearer"), "Bearer")
    assert refused(await thief.call("GET", GRANTS, token))


async def test_a_proof_is_for_its_request_and_token_and_for_our_address(
    token_realm: TokenRealm,
) -> None:
    caller = await caller_of(token_realm)
    token, other = await own_token(caller), await own_token(caller)
    assert (await caller.call("GET", GRANTS, token)).status_code == 200
    url = ORIGIN + GRANTS
    good = caller.proof("GET", url, token)
    wrong = [
        caller.proof("POST", url, token),
        caller.proof("GET", f"{url}/{uuid4()}", token),
        caller.proof("GET", url, other),
        caller.proof("GET", url),
        caller.proof("GET", url, token, iat=1),
        "nonsense",
    ]
    for proof in wrong:
        answer = await caller.call("GET", GRANTS, token, DPoP=proof)
        assert refused(answer, error="invalid_dpop_proof"), proof
    elsewhere = caller.proof("GET", f"https://evil.test{GRANTS}", token)
    answer = await caller.call("GET", GRANTS, token, DPoP=elsewhere, Host="evil.test")
    assert refused(answer)
    assert (await caller.call("GET", GRANTS, token, DPoP=good)).status_code == 200


async def test_a_request_needs_a_nonce_and_a_write_a_proof_that_was_never_used(
    token_realm: TokenRealm,
) -> None:
    caller = await caller_of(token_realm)
    token = await own_token(caller)
    without = caller.proof("GET", ORIGIN + GRANTS, token)
    answer = await caller.call("GET", GRANTS, token, DPoP=without)
    assert refused(answer, error="use_dpop_nonce")
    assert caller.nonce == answer.headers["dpop-nonce"]
    assert (await caller.call("GET", GRANTS, token)).status_code == 200

    client = await Clients(token_realm.desk.database).find(
        token_realm.tenant.id, str(caller.client_id)
    )
    assert client is not None
    path = f"{GRANTS}/{(await token_realm.desk.grant(client)).id}/revoke"
    without = caller.proof("POST", ORIGIN + path, token, nonce=None)
    key = {"Idempotency-Key": uuid4().hex}
    answer = await caller.call("POST", path, token, DPoP=without, **key)
    assert refused(answer, error="use_dpop_nonce")
    proof = caller.proof("POST", ORIGIN + path, token)
    first, second = [
        await caller.call("POST", path, token, DPoP=proof, **{"Idempotency-Key": uuid4().hex})
        for _ in range(2)
    ]
    assert first.status_code == 200
    assert refused(second, error="invalid_dpop_proof")


async def test_a_token_for_elsewhere_does_not_open_the_api(token_realm: TokenRealm) -> None:
    caller = await caller_of(token_realm)
    client = await Clients(token_realm.desk.database).find(
        token_realm.tenant.id, str(caller.client_id)
    )
    assert client is not None
    access = token_realm.desk.access
    texts = {}
    for audience in ("https://elsewhere.test", ORIGIN):
        claims = access.claims(
            token_realm.issuer,
            client,
            Confirmation(jkt=caller.dpop.thumbprint()),
            token_realm.desk.clock.now(),
            scopes=client.scopes,
            audience=audience,
        )
        await token_realm.desk.database.transaction(
            lambda connection, claims=claims: access.write(
                connection, token_realm.tenant.id, claims
            )  # type: ignore[misc]
        )
        texts[audience] = await access.sign(token_realm.tenant.id, claims)
    assert refused(await caller.call("GET", GRANTS, texts["https://elsewhere.test"]))
    assert (await caller.call("GET", GRANTS, texts[ORIGIN])).status_code == 200


async def test_what_we_did_not_sign_is_no_token(
    token_realm: TokenRealm, other_tenant: Tenant
) -> None:
    caller = await caller_of(token_realm)
    token = await own_token(caller)
    assert (await caller.call("GET", GRANTS, token)).status_code == 200
    header, payload, signature = token.split(".")
    forged = [
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f"{payload}",
        "..",
        "a.b.c",
        "x" * 9_000,
        sign(new_key(), {"iss": token_realm.issuer.url}, typ="at+jwt", kid="x"),
        sign(new_key(), {"iss": f"{ORIGIN}/id/{uuid4()}"}, typ="at+jwt", kid="x"),
        sign(new_key(), {"iss": f"https://evil.test/id/{other_tenant.id}"}, typ="at+jwt"),
        sign(new_key(), {"iss": f"{ORIGIN}/id/nonsense"}, typ="at+jwt"),
        sign(new_key(), {"iss": 1}, typ="at+jwt"),
    ]
    for text in forged:
        assert refused(await caller.call("GET", GRANTS, text)), text


async def test_a_revocation_reaches_the_api_within_a_second(token_realm: TokenRealm) -> None:
    caller = await caller_of(token_realm)
    given = await caller.tokens(**await token_realm.code(caller))
    token = given["access_token"]
    # It holds, although it grants nothing here.
    assert (await caller.call("GET", GRANTS, token)).status_code == 403
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(token_realm.app), base_url=ORIGIN
    ) as operator:
        answer = await operator.post(
            f"{GRANTS}/{given['grant_id']}/revoke",
            json={},
            headers={
                "Authorization": f"Bearer {token_realm.tenant.key}",
                "Idempotency-Key": uuid4().hex,
            },
        )
    assert answer.status_code == 200, answer.text
    token_realm.desk.since_boot_s += 1
    assert refused(await caller.call("GET", GRANTS, token))
    assert await caller.introspected(token) == {"active": False}


async def test_a_weak_or_old_login_is_told_what_is_needed(token_realm: TokenRealm) -> None:
    caller = await token_realm.register(scopes=["accounts", "payments", "openid"])
    token = (await caller.tokens(**await token_realm.code(caller)))["access_token"]
    answer = await caller.call("GET", f"{GRANTS}/{uuid4()}", token)
    assert (answer.status_code, answer.json()["code"]) == (401, "STEP_UP_NEEDED")
    asked = (
        'error="insufficient_user_authentication", acr_values="urn:bezant:acr:sca", max_age="300"'
    )
    challenges = answer.headers.get_list("www-authenticate")
    assert challenges == [f'DPoP {asked}, algs="PS256 ES256 EdDSA"']


async def test_api_keys_are_taken_beside_tokens(token_realm: TokenRealm) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(token_realm.app), base_url=ORIGIN
    ) as client:
        for scheme, status in (("Bearer", 200), ("DPoP", 401)):
            headers = {"Authorization": f"{scheme} {token_realm.tenant.key}"}
            assert (await client.get(GRANTS, headers=headers)).status_code == status


async def test_a_missing_scope_is_told_in_the_scheme_of_the_token(token_realm: TokenRealm) -> None:
    told = 'error="insufficient_scope", scope="grants:read"'
    caller = await token_realm.register(scopes=["accounts"])
    answer = await caller.call("GET", GRANTS, await own_token(caller))
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert answer.headers["www-authenticate"] == f'DPoP {told}, algs="PS256 ES256 EdDSA"'
    caller = await token_realm.register(scopes=["accounts"], certificate=CERTIFICATE)
    answer = await caller.call("GET", GRANTS, await own_token(caller), scheme="Bearer")
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == f"Bearer {told}"


@pytest.mark.parametrize("ending", ["disabled", "deleted"])
async def test_the_tokens_of_a_client_that_ended_are_worth_nothing_in_any_process(
    token_realm: TokenRealm, owner: "asyncpg.Connection[asyncpg.Record]", ending: str
) -> None:
    caller = await caller_of(token_realm)
    given = await caller.tokens(**await token_realm.code(caller))
    own, asker = await own_token(caller), await token_realm.register(scopes=["introspection"])
    desk, other = token_realm.desk, token_realm.desk.other_process()
    for token in (own, given["access_token"]):
        assert (await asker.introspected(token))["active"]
        assert (await other.access.read(desk.issuer, token)).client_id == caller.client_id
    assert (await caller.call("GET", GRANTS, own)).status_code == 200
    if ending == "disabled":
        await token_realm.disable(caller)
    else:
        delete = "DELETE FROM oauth_client WHERE tenant_id = $1 AND client_id = $2"
        await owner.execute(delete, token_realm.tenant.id, caller.client_id)
    desk.since_boot_s += 1
    other.since_boot_s += 1
    assert refused(await caller.call("GET", GRANTS, own))
    for token in (own, given["access_token"]):
        assert await asker.introspected(token) == {"active": False}
        with pytest.raises(InvalidAccessToken):
            await other.access.read(desk.issuer, token)
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    for each in (form, {"grant_type": "client_credentials"}):
        answer = await caller.post(Endpoint.TOKEN, each)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
