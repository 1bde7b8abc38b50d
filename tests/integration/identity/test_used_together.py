"""Assertion and proof are used up in the commit that gives, whatever becomes of the request."""

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from bezant.identity.issuers import Endpoint
from fixtures_tokens import TokenRealm
from token_callers import ASSERTION, Caller

if TYPE_CHECKING:
    import asyncpg

AT_ONCE = 50
CREDENTIALS = {"grant_type": "client_credentials"}


def path_of(caller: Caller) -> str:
    return f"/id/{caller.issuer.tenant_id}/{Endpoint.TOKEN}"


def asserting(assertion: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION, "client_assertion": assertion}


def proof_of(caller: Caller) -> str:
    return caller.proof("POST", caller.origin + path_of(caller))


def told(answer: httpx.Response) -> str:
    return str(answer.json().get("error", "given"))


async def send(caller: Caller, form: dict[str, str], assertion: str, proof: str) -> str:
    """What became of one request to the token endpoint."""
    form = {**form, **asserting(assertion)}
    async with caller.client() as client:
        return told(await client.post(path_of(caller), data=form, headers={"DPoP": proof}))


async def refresh_form(token_realm: TokenRealm, caller: Caller) -> dict[str, str]:
    given = await caller.tokens(**await token_realm.code(caller))
    return {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}


async def tokens_of(owner: "asyncpg.Connection[asyncpg.Record]", caller: Caller) -> int:
    count: int = await owner.fetchval(
        "SELECT count(*) FROM access_token WHERE tenant_id = $1 AND client_id = $2",
        caller.issuer.tenant_id,
        caller.client_id,
    )
    return count


@pytest.mark.parametrize("is_refresh", [False, True], ids=["credentials", "refresh"])
async def test_of_fifty_replays_at_once_one_is_given(
    token_realm: TokenRealm, owner: "asyncpg.Connection[asyncpg.Record]", *, is_refresh: bool
) -> None:
    caller = await token_realm.register()
    form = await refresh_form(token_realm, caller) if is_refresh else CREDENTIALS
    before = await tokens_of(owner, caller)
    assertion, proof = caller.assertion(), proof_of(caller)
    answers = await asyncio.gather(*(send(caller, form, assertion, proof) for _ in range(AT_ONCE)))
    assert sorted(answers) == ["given"] + ["invalid_client"] * (AT_ONCE - 1)
    assert await tokens_of(owner, caller) == before + 1


async def test_of_fifty_assertions_with_one_proof_one_is_given(token_realm: TokenRealm) -> None:
    caller = await token_realm.register()
    proof = proof_of(caller)
    answers = await asyncio.gather(
        *(send(caller, CREDENTIALS, caller.assertion(), proof) for _ in range(AT_ONCE))
    )
    assert sorted(answers) == ["given"] + ["invalid_dpop_proof"] * (AT_ONCE - 1)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (CREDENTIALS | {"scope": "admin"}, "invalid_scope"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "bzr_x"}, "invalid_grant"),
        ({}, "invalid_request"),
    ],
    ids=["scope", "type", "token", "nothing"],
)
async def test_what_was_shown_with_a_declined_request_is_used_up(
    token_realm: TokenRealm, form: dict[str, str], error: str
) -> None:
    caller = await token_realm.register()
    assertion = caller.assertion()
    assert await send(caller, form, assertion, proof_of(caller)) == error
    assert await send(caller, CREDENTIALS, assertion, proof_of(caller)) == "invalid_client"
    assert await send(caller, CREDENTIALS, caller.assertion(), proof_of(caller)) == "given"


async def test_a_proof_of_a_declined_request_is_used_up(token_realm: TokenRealm) -> None:
    caller = await token_realm.register()
    proof = proof_of(caller)
    form = CREDENTIALS | {"scope": "admin"}
    assert await send(caller, form, caller.assertion(), proof) == "invalid_scope"
    assert await send(caller, CREDENTIALS, caller.assertion(), proof) == "invalid_dpop_proof"


async def test_an_assertion_beside_a_used_proof_is_used_up(token_realm: TokenRealm) -> None:
    caller = await token_realm.register()
    assertion, proof = caller.assertion(), proof_of(caller)
    assert await send(caller, CREDENTIALS, caller.assertion(), proof) == "given"
    assert await send(caller, CREDENTIALS, assertion, proof) == "invalid_dpop_proof"
    assert await send(caller, CREDENTIALS, assertion, proof_of(caller)) == "invalid_client"


async def test_who_shows_a_used_assertion_spends_no_code_and_learns_of_none(
    token_realm: TokenRealm,
) -> None:
    caller = await token_realm.register()
    code, assertion = await token_realm.code(caller), caller.assertion()
    assert await send(caller, CREDENTIALS, assertion, proof_of(caller)) == "given"
    for form in (code, code | {"code": "no such code"}):
        assert await send(caller, form, assertion, proof_of(caller)) == "invalid_client"
    assert await send(caller, code, caller.assertion(), proof_of(caller)) == "given"
