"""Modules of the authorization endpoint."""

import json
from urllib.parse import urlencode

import pytest

from conformance.fapi.checks import require_refused_request, require_refused_visit
from conformance.fapi.modules import module
from conformance.fapi.party import Party, error_of
from conformance.fapi.peers import Shown

pytestmark = pytest.mark.long

ERRORS = ("invalid_request", "invalid_request_object", "invalid_request_uri", "access_denied")


@module("fapi2-security-profile-final-ensure-registered-redirect-uri")
async def test_ensure_registered_redirect_uri(party: Party) -> None:
    for uri in (
        f"{party.redirect_uri}/other",
        f"{party.redirect_uri}?more=1",
        party.redirect_uri.replace("https://", "https://attacker.example@"),
        "https://attacker.example/callback",
    ):
        answer = await party.push({"redirect_uri": uri})
        # A server may take any redirect URI of a client that authenticates at PAR (FAPI 2.0,
        # section 5.3.2.2, note): then the code is bound to it. Ours are registered.
        assert answer.status_code == 400, uri
        assert error_of(answer) in {"invalid_request", "invalid_request_object",
                                    "invalid_redirect_uri"}  # fmt: skip


@module("fapi2-security-profile-final-plain-fapi-tolerate-unregistered-redirect-uri")
async def test_plain_fapi_tolerate_unregistered_redirect_uri(party: Party) -> None:
    """Either is right, as long as the answer goes nowhere else."""
    uri = "https://unregistered.example/callback"
    answer = await party.push({"redirect_uri": uri})
    if answer.status_code == 201:
        url = party.authorization_url(answer.json()["request_uri"])
        back = await party.peer.decide(url, is_granted=True, to=uri)
        assert back.startswith(uri)
    else:
        assert error_of(answer) in {"invalid_request", "invalid_request_object",
                                    "invalid_redirect_uri"}  # fmt: skip


@module(
    "fapi2-security-profile-final-ensure-unsigned-authorization-request-without-using-par-fails"
)
async def test_ensure_unsigned_authorization_request_without_using_par_fails(party: Party) -> None:
    query = urlencode(party.parameters())
    url = f"{party.metadata['authorization_endpoint']}?{query}"
    await require_refused_visit(party, url, *ERRORS)


@module("fapi2-security-profile-final-ensure-redirect-uri-in-authorization-request")
async def test_ensure_redirect_uri_in_authorization_request(party: Party) -> None:
    await require_refused_request(party, party.push({"redirect_uri": None}), *ERRORS)


@module("fapi2-security-profile-final-ensure-response-type-code-idtoken-fails")
async def test_ensure_response_type_code_idtoken_fails(party: Party) -> None:
    await require_refused_request(
        party,
        party.push({"response_type": "code id_token"}),
        *ERRORS,
        "unsupported_response_type",
        "unauthorized_client",
    )


@module("fapi2-security-profile-final-ensure-response-type-token-fails")
async def test_ensure_response_type_token_fails(party: Party) -> None:
    await require_refused_request(
        party,
        party.push({"response_type": "token"}),
        *ERRORS,
        "unsupported_response_type",
        "unauthorized_client",
    )


@module("fapi2-security-profile-final-ensure-server-handles-non-matching-intent-id")
async def test_ensure_server_handles_non_matching_intent_id(party: Party, other: Party) -> None:
    """An intent that another client has registered opens nothing to this one."""
    anothers = party.peer.intent(other.client) or "urn:intent:of-another"
    answer = await party.push(claiming(party, anothers))
    if answer.status_code != 201:
        assert error_of(answer) in {"invalid_request", "invalid_request_object"}
    else:
        await require_not_told(party, answer.json()["request_uri"])
    own = party.peer.intent(party.client)
    if own is not None:
        told = party.id_token(await party.tokens(claiming(party, own)))
        assert told["openbanking_intent_id"] == own, "the control"


def claiming(party: Party, intent: str) -> dict[str, object]:
    """The parameter `claims` with an intent, which a request object holds as it is."""
    wanted = {"openbanking_intent_id": {"value": intent, "essential": True}}
    claims: object = {"id_token": wanted}
    return {"claims": claims if party.client.variant.is_signed else json.dumps(claims)}


async def require_not_told(party: Party, request_uri: str) -> None:
    """The server says no later, or knows no intents: then it must not say that it gave one."""
    try:
        sent = await party.ask(request_uri)
    except Shown as shown:
        shown.require_refusal()
        return
    if sent.error:
        assert sent.error in ERRORS
        return
    tokens = (await party.redeem(sent.code)).json()
    assert "openbanking_intent_id" not in party.id_token(tokens)
