"""FAPI 1.0 Advanced Final as clients of UK Open Banking use it, and what it forbids.

A signed request object by PAR, `code` with a signed response, tokens bound to certificates, and
`openbanking_intent_id` as an essential claim that comes back in the ID token.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from conformance.fapi.bezant import Bezant
from conformance.fapi.checks import require_refused
from conformance.fapi.party import Party, opened
from conformance.fapi.peers import UK_VARIANTS, Authentication, Binding, Peer, Profile, Variant
from fixtures_api import fresh_key

SCA, CA = "urn:openbanking:psd2:sca", "urn:openbanking:psd2:ca"
HOUR_S = 3600
ERRORS = ("invalid_request", "invalid_request_object")

pytestmark = pytest.mark.parametrize("variant", UK_VARIANTS, ids=str)


@pytest.fixture(autouse=True)
def ours(peer: Peer) -> Bezant:
    if not isinstance(peer, Bezant):
        pytest.skip("another server's support of this profile is its own matter")
    return peer


def claims_of(party: Party, **intent: object) -> dict[str, Any]:
    """What such a client asks of the ID token (UK Open Banking Security Profile, section 5)."""
    wanted = {"value": party.peer.intent(party.client), "essential": True, **intent}
    acr = {"essential": True, "values": [SCA, CA]}
    return {"claims": {"id_token": {"openbanking_intent_id": wanted, "acr": acr}}}


async def test_an_intent_is_approved_and_told_back(party: Party) -> None:
    sent = await party.ask(await party.pushed(claims_of(party)))
    assert set(sent.parameters) == {"code", "state", "iss"}
    assert sent.parameters["state"] == party.state
    assert sent.url.startswith(f"{party.redirect_uri}?response=")
    answer = await party.redeem(sent.code)
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer"
    told = party.id_token(tokens)
    assert told["openbanking_intent_id"] == party.peer.intent(party.client)
    assert told["acr"] in {SCA, CA}
    assert told["nonce"] == party.nonce
    assert (await party.resource(tokens["access_token"])).status_code == 200


async def test_strong_authentication_is_said_by_its_name(party: Party) -> None:
    claims = {"id_token": {"acr": {"essential": True, "value": SCA}}}
    assert party.id_token(await party.tokens({"claims": claims}))["acr"] == SCA


async def test_the_intent_of_another_client_is_refused(party: Party, other: Party) -> None:
    answer = await party.push(claims_of(party, value=other.peer.intent(other.client)))
    require_refused(answer, "invalid_request")
    assert (await party.push(claims_of(party))).status_code == 201, "the control"


async def test_an_unsigned_request_is_refused(party: Party) -> None:
    form = party.parameters() | party.authentication()
    answer = await party.post("pushed_authorization_request_endpoint", form, is_proven=False)
    require_refused(answer, *ERRORS)


@pytest.mark.parametrize(
    "fault",
    [
        {"nbf": None},
        {"exp": None},
        {"exp": HOUR_S + 60},
        {"nbf": -HOUR_S - 60},
        {"exp": -60},
        {"aud": "https://other.example"},
        {"alg": "RS256"},
        {"alg": "none"},
        {"alg": "EdDSA"},
    ],
    ids=str,
)
async def test_a_request_object_that_the_profile_forbids_is_refused(
    party: Party, fault: Mapping[str, Any]
) -> None:
    now = int(time.time())
    changed = {
        name: now + value if isinstance(value, int) else value for name, value in fault.items()
    }
    require_refused(await party.push(request=changed), "invalid_request_object")
    assert (await party.push(request={"alg": "PS256"})).status_code == 201, "the control"


@pytest.mark.parametrize(
    "fault",
    [
        {"response_mode": None},
        {"response_mode": "query"},
        {"response_type": "code id_token"},
        {"response_type": "token"},
        {"code_challenge": None, "code_challenge_method": None},
        {"redirect_uri": None},
    ],
    ids=str,
)
async def test_a_request_that_the_profile_forbids_is_refused(
    party: Party, fault: Mapping[str, Any]
) -> None:
    require_refused(await party.push(fault), "invalid_request", "unsupported_response_type")


async def test_an_assertion_by_another_algorithm_is_refused(party: Party) -> None:
    if party.client.variant.authentication is Authentication.MTLS:
        return
    for algorithm in ("RS256", "none", "EdDSA"):
        answer = await party.push(assertion={"alg": algorithm})
        require_refused(answer, "invalid_client")
    assert (await party.push(assertion={"alg": "PS256"})).status_code == 201, "the control"


async def test_tokens_are_worth_nothing_without_the_certificate(party: Party, other: Party) -> None:
    token = (await party.tokens(claims_of(party)))["access_token"]
    assert (await other.resource(token)).status_code == 401
    async with httpx.AsyncClient(verify=party.peer.trust()) as without_certificate:
        bearer = replace(party, http=without_certificate)
        assert (await bearer.resource(token)).status_code == 401
        sent = await party.ask(await party.pushed(claims_of(party)))
        answer = await bearer.redeem(sent.code)
        require_refused(answer, "invalid_request", "invalid_client")
    assert (await party.redeem(sent.code)).status_code == 200, "the control"


async def test_no_client_of_the_profile_has_other_tokens(ours: Bezant, variant: Variant) -> None:
    client = ours.clients(variant)[0]
    body = {
        "name": "Bank",
        "profile": "fapi1-advanced",
        "binding": "dpop",
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code"],
        "scopes": ["openid"],
        "jwks": client.keys.jwks(),
    }
    async with ours.platform.client() as api:
        refused = await api.post("/v1/oauth-clients", json=body, headers=fresh_key())
        assert refused.status_code == 422, refused.text
        body["binding"] = "mtls"
        taken = await api.post("/v1/oauth-clients", json=body, headers=fresh_key())
        assert taken.status_code == 201, taken.text
        edwards = [key for key in client.keys.jwks()["keys"] if key["kty"] == "OKP"]
        body["jwks"] = {"keys": edwards}
        refused = await api.post("/v1/oauth-clients", json=body, headers=fresh_key())
        assert refused.status_code == 422, refused.text


async def test_clients_of_fapi_2_sign_with_eddsa(
    ours: Bezant,
    variant: Variant,
    metadata: dict[str, Any],
    jwks: Any,  # noqa: ANN401
) -> None:
    assert variant.profile is Profile.UK
    newer = Variant(variant.authentication, Binding.DPOP, Profile.MESSAGE_SIGNING)
    async with opened(ours, ours.clients(newer)[0], metadata, jwks) as party:
        answer = await party.push(assertion={"alg": "EdDSA"}, request={"alg": "EdDSA"})
    assert answer.status_code == 201, answer.text
