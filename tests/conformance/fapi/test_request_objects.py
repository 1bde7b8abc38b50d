"""Modules of signed requests (RFC 9101; FAPI 2.0 Message Signing)."""

import time

import pytest

from conformance.fapi.checks import require_refused_request
from conformance.fapi.modules import module
from conformance.fapi.party import Party
from conformance.fapi.peers import Shown

ERRORS = ("invalid_request", "invalid_request_object", "invalid_request_uri", "access_denied")
HOUR_S = 3600


@module(
    "fapi2-security-profile-final-ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted"
)
async def test_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(
    party: Party,
) -> None:
    assert (await party.ask(await party.pushed(request={"nbf": int(time.time()) + 8}))).code


@module("fapi2-security-profile-final-ensure-request-object-without-exp-fails")
async def test_ensure_request_object_without_exp_fails(party: Party) -> None:
    await require_refused_request(party, party.push(request={"exp": None}), *ERRORS)


@module("fapi2-security-profile-final-ensure-request-object-without-nbf-fails")
async def test_ensure_request_object_without_nbf_fails(party: Party) -> None:
    await require_refused_request(party, party.push(request={"nbf": None}), *ERRORS)


@module("fapi2-security-profile-final-ensure-expired-request-object-fails")
async def test_ensure_expired_request_object_fails(party: Party) -> None:
    past = int(time.time()) - 300
    await require_refused_request(party, party.push(request={"exp": past}), *ERRORS)


@module("fapi2-security-profile-final-ensure-request-object-with-bad-aud-fails")
async def test_ensure_request_object_with_bad_aud_fails(party: Party) -> None:
    bad = "https://other.example"
    await require_refused_request(party, party.push(request={"aud": bad}), *ERRORS)


@module("fapi2-security-profile-final-ensure-request-object-with-exp-over-60-fails")
async def test_ensure_request_object_with_exp_over_60_fails(party: Party) -> None:
    far = int(time.time()) + HOUR_S + 600
    await require_refused_request(party, party.push(request={"exp": far}), *ERRORS)


@module("fapi2-security-profile-final-ensure-request-object-with-nbf-over-60-fails")
async def test_ensure_request_object_with_nbf_over_60_fails(party: Party) -> None:
    long_ago = int(time.time()) - HOUR_S - 600
    await require_refused_request(party, party.push(request={"nbf": long_ago}), *ERRORS)


@module("fapi2-security-profile-final-ensure-signed-request-object-with-RS256-fails")
async def test_ensure_signed_request_object_with_rs256_fails(party: Party) -> None:
    assert (await party.push(request={"alg": "PS256"})).status_code == 201, "the control"
    await require_refused_request(party, party.push(request={"alg": "RS256"}), *ERRORS)


@module("fapi2-security-profile-final-ensure-request-object-signature-algorithm-is-not-none")
async def test_ensure_request_object_signature_algorithm_is_not_none(party: Party) -> None:
    await require_refused_request(party, party.push(request={"alg": "none"}), *ERRORS)


@module("fapi2-security-profile-final-ensure-request-object-with-invalid-signature-fails")
async def test_ensure_request_object_with_invalid_signature_fails(party: Party) -> None:
    head, payload, signature = party.request_object(party.parameters()).split(".")
    flipped = "A" if signature[0] != "A" else "B"
    broken = f"{head}.{payload}.{flipped}{signature[1:]}"
    await require_refused_request(party, party.push(outside={"request": broken}), *ERRORS)


@module("fapi2-security-profile-final-ensure-matching-key-in-authorization-request")
async def test_ensure_matching_key_in_authorization_request(party: Party, other: Party) -> None:
    await require_refused_request(party, party.push(request={"signer": other.client}), *ERRORS)


@module("fapi2-security-profile-final-ensure-unsigned-request-at-par-endpoint-fails")
async def test_ensure_unsigned_request_at_par_endpoint_fails(party: Party) -> None:
    form = party.parameters() | party.authentication()
    pushing = party.post("pushed_authorization_request_endpoint", form, is_proven=False)
    await require_refused_request(party, pushing, *ERRORS)


@module("fapi2-security-profile-final-par-authorization-request-containing-request_uri")
async def test_par_authorization_request_containing_request_uri(party: Party) -> None:
    uri = "urn:ietf:params:oauth:request_uri:something"
    await require_refused_request(party, party.push(request={"request_uri": uri}), *ERRORS)


@module("fapi2-security-profile-final-ensure-different-nonce-inside-and-outside-request-object")
async def test_ensure_different_nonce_inside_and_outside_request_object(party: Party) -> None:
    """What is outside is refused, or not used."""
    try:
        sent = await party.ask(await party.pushed(), nonce="outside")
    except Shown as shown:
        shown.require_refusal()
        return
    if sent.error:
        assert sent.error in ERRORS
        return
    tokens = (await party.redeem(sent.code)).json()
    assert party.id_token(tokens)["nonce"] == party.nonce


@module("fapi2-security-profile-final-ensure-different-state-inside-and-outside-request-object")
async def test_ensure_different_state_inside_and_outside_request_object(party: Party) -> None:
    """What is outside is refused, or not used."""
    try:
        sent = await party.ask(await party.pushed(), state="outside")
    except Shown as shown:
        shown.require_refusal()
        return
    assert sent.parameters["state"] == party.state
    assert sent.error in {"", *ERRORS}


@module("fapi2-security-profile-final-state-only-outside-request-object-not-used")
async def test_state_only_outside_request_object_not_used(party: Party) -> None:
    try:
        sent = await party.ask(await party.pushed({"state": None}), state="outside")
    except Shown as shown:
        shown.require_refusal()
        return
    assert "state" not in sent.parameters
    if sent.error:
        assert sent.error in ERRORS
        return
    assert "s_hash" not in party.id_token((await party.redeem(sent.code)).json())


@module("fapi2-security-profile-final-ensure-request-object-without-redirect-uri-fails")
async def test_ensure_request_object_without_redirect_uri_fails(party: Party) -> None:
    await require_refused_request(party, party.push({"redirect_uri": None}), *ERRORS)


@module("fapi2-security-profile-final-ensure-authorization-request-with-long-nonce")
async def test_ensure_authorization_request_with_long_nonce(party: Party) -> None:
    await _long(party, "nonce")


@module("fapi2-security-profile-final-ensure-authorization-request-with-long-state")
async def test_ensure_authorization_request_with_long_state(party: Party) -> None:
    await _long(party, "state")


async def _long(party: Party, name: str) -> None:
    """It comes back whole, or is refused."""
    value = "n-0S6_WzA2Mj" * 32
    answer = await party.push({name: value})
    if answer.status_code != 201:
        assert answer.json()["error"] in ERRORS
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(party, name, value)
        sent = await party.ask(answer.json()["request_uri"])
        tokens = (await party.redeem(sent.code)).json()
        assert sent.parameters["state"] == party.state
        assert party.id_token(tokens)["nonce"] == party.nonce
