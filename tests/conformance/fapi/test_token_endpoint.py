"""Modules of the token endpoint."""

import asyncio
import time

from conformance.fapi.checks import require_refused, require_works
from conformance.fapi.modules import module
from conformance.fapi.party import Party
from conformance.fapi.peers import Authentication

CLIENT_ERRORS = ("invalid_client", "invalid_request")


@module("fapi2-security-profile-final-ensure-client-id-in-token-endpoint")
async def test_ensure_client_id_in_token_endpoint(party: Party, other: Party) -> None:
    sent = await party.ask(await party.pushed())
    answer = await party.redeem(sent.code, client_id=other.client.id)
    require_refused(answer, *CLIENT_ERRORS, "invalid_grant")


@module("fapi2-security-profile-final-ensure-authorization-code-is-bound-to-client")
async def test_ensure_authorization_code_is_bound_to_client(party: Party, other: Party) -> None:
    sent = await party.ask(await party.pushed())
    answer = await other.redeem(
        sent.code, redirect_uri=party.redirect_uri, code_verifier=party.verifier
    )
    require_refused(answer, "invalid_grant")


@module("fapi2-security-profile-final-attempt-reuse-authorization-code-after-one-second")
async def test_attempt_reuse_authorization_code_after_one_second(party: Party) -> None:
    sent = await party.ask(await party.pushed())
    tokens = (await party.redeem(sent.code)).json()
    await require_works(party, tokens)
    await asyncio.sleep(1)  # the module's second
    require_refused(await party.redeem(sent.code), "invalid_grant")
    await asyncio.sleep(1)  # what a revocation may take to be seen everywhere
    assert (await party.resource(tokens["access_token"])).status_code == 401


@module("fapi2-security-profile-final-ensure-signed-client-assertion-with-RS256-fails")
async def test_ensure_signed_client_assertion_with_rs256_fails(party: Party) -> None:
    assert (await party.push(assertion={"alg": "PS256"})).status_code == 201, "the control"
    sent = await party.ask(await party.pushed())
    require_refused(await party.redeem(sent.code, assertion={"alg": "RS256"}), *CLIENT_ERRORS)


@module("fapi2-security-profile-final-ensure-client-assertion-in-token-endpoint")
async def test_ensure_client_assertion_in_token_endpoint(party: Party) -> None:
    sent = await party.ask(await party.pushed())
    answer = await party.redeem(sent.code, client_assertion=None, client_assertion_type=None)
    require_refused(answer, *CLIENT_ERRORS)


@module("fapi2-security-profile-final-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails")
async def test_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(party: Party) -> None:
    sent = await party.ask(await party.pushed())
    past = int(time.time()) - 300
    require_refused(await party.redeem(sent.code, assertion={"exp": past}), *CLIENT_ERRORS)


@module("fapi2-security-profile-final-ensure-client-assertion-with-wrong-aud-fails")
async def test_ensure_client_assertion_with_wrong_aud_fails(party: Party) -> None:
    sent = await party.ask(await party.pushed())
    wrong = "https://other.example"
    require_refused(await party.redeem(sent.code, assertion={"aud": wrong}), *CLIENT_ERRORS)


@module("fapi2-security-profile-final-ensure-client-assertion-with-no-sub-fails")
async def test_ensure_client_assertion_with_no_sub_fails(party: Party) -> None:
    assert party.client.variant.authentication is Authentication.PRIVATE_KEY_JWT
    sent = await party.ask(await party.pushed())
    require_refused(await party.redeem(sent.code, assertion={"sub": None}), *CLIENT_ERRORS)


@module("fapi2-security-profile-final-ensure-pkce-code-verifier-required")
async def test_ensure_pkce_code_verifier_required(party: Party) -> None:
    sent = await party.ask(await party.pushed())
    answer = await party.redeem(sent.code, code_verifier=None)
    require_refused(answer, "invalid_grant", "invalid_request")


@module("fapi2-security-profile-final-incorrect-pkce-code-verifier-rejected")
async def test_incorrect_pkce_code_verifier_rejected(party: Party) -> None:
    sent = await party.ask(await party.pushed())
    answer = await party.redeem(sent.code, code_verifier="w" * 64)
    require_refused(answer, "invalid_grant")
