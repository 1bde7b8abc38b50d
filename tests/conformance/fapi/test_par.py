"""Modules of pushed authorization requests (RFC 9126)."""

import time

from conformance.fapi.checks import require_refused, require_refused_visit
from conformance.fapi.modules import module
from conformance.fapi.party import Party

CLIENT_ERRORS = ("invalid_client", "invalid_request")
USED = ("invalid_request_uri", "invalid_request", "access_denied")


@module(
    "fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"
)
async def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(
    party: Party,
) -> None:
    request_uri = await party.pushed()
    await party.peer.look(party.authorization_url(request_uri))
    assert (await party.ask(request_uri)).code


@module("fapi2-security-profile-final-par-attempt-reuse-request_uri")
async def test_par_attempt_reuse_request_uri(party: Party) -> None:
    request_uri = await party.pushed()
    assert (await party.ask(request_uri)).code
    await require_refused_visit(party, party.authorization_url(request_uri), *USED)


@module(
    "fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted"
)
async def test_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(
    party: Party,
) -> None:
    soon = int(time.time()) + 8
    answer = await party.push(assertion={"nbf": soon, "iat": soon})
    assert answer.status_code == 201, answer.text


@module(
    "fapi2-security-profile-final-par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails"
)
async def test_par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(
    party: Party,
) -> None:
    late = int(time.time()) + 120
    answer = await party.push(assertion={"nbf": late, "iat": late, "exp": late + 60})
    require_refused(answer, *CLIENT_ERRORS)


@module("fapi2-security-profile-final-par-attempt-to-use-request_uri-for-different-client")
async def test_par_attempt_to_use_request_uri_for_different_client(
    party: Party, other: Party
) -> None:
    request_uri = await party.pushed()
    await require_refused_visit(other, other.authorization_url(request_uri), *USED)
    assert (await party.ask(request_uri)).code, "the control"


@module("fapi2-security-profile-final-par-authorization-request-containing-request_uri-form-param")
async def test_par_authorization_request_containing_request_uri_form_param(party: Party) -> None:
    uri = "urn:ietf:params:oauth:request_uri:something"
    answer = await party.push(outside={"request_uri": uri})
    require_refused(answer, "invalid_request", "request_uri_not_supported")


@module("fapi2-security-profile-final-par-attempt-invalid-http-method")
async def test_par_attempt_invalid_http_method(party: Party) -> None:
    url = party.endpoint("pushed_authorization_request_endpoint")
    form = party.parameters() | party.authentication()
    for method in ("GET", "PUT", "DELETE"):
        answer = await party.http.request(method, url, params=form)
        assert answer.status_code in {400, 404, 405}, method


@module("fapi2-security-profile-final-par-ensure-pkce-required")
async def test_par_ensure_pkce_required(party: Party) -> None:
    without = {"code_challenge": None, "code_challenge_method": None}
    require_refused(await party.push(without), "invalid_request")


@module("fapi2-security-profile-final-par-plain-pkce-rejected")
async def test_par_plain_pkce_rejected(party: Party) -> None:
    for method in ("plain", None):
        plain = {"code_challenge": party.verifier, "code_challenge_method": method}
        require_refused(await party.push(plain), "invalid_request")


@module("fapi2-security-profile-final-par-test-array-as-audience-fails")
async def test_par_test_array_as_audience_fails(party: Party) -> None:
    audiences = [party.peer.issuer, party.endpoint("pushed_authorization_request_endpoint")]
    for audience in (audiences, [party.peer.issuer]):
        require_refused(await party.push(assertion={"aud": audience}), *CLIENT_ERRORS)


@module("fapi2-security-profile-final-par-test-par-endpoint-url-as-audience-fails")
async def test_par_test_par_endpoint_url_as_audience_fails(party: Party) -> None:
    audience = party.endpoint("pushed_authorization_request_endpoint")
    require_refused(await party.push(assertion={"aud": audience}), *CLIENT_ERRORS)


@module("fapi2-security-profile-final-par-test-token-endpoint-url-as-audience-fails")
async def test_par_test_token_endpoint_url_as_audience_fails(party: Party) -> None:
    audience = party.endpoint("token_endpoint")
    require_refused(await party.push(assertion={"aud": audience}), *CLIENT_ERRORS)
