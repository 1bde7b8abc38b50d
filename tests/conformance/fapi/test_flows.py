"""Modules of whole flows: what a server must do when everything is as it should be."""

import string

import httpx

from conformance.fapi.checks import require_answered, require_refused, require_works
from conformance.fapi.modules import module
from conformance.fapi.party import Party, error_of
from conformance.fapi.peers import IDENTITY_SCOPES, Binding, Peer, Profile, Shown


@module("fapi2-security-profile-final-discovery-end-point-verification")
async def test_discovery_end_point_verification(party: Party, metadata: dict[str, object]) -> None:
    assert metadata["issuer"] == party.peer.issuer
    for name, needed in {
        "response_types_supported": {"code"},
        "code_challenge_methods_supported": {"S256"},
        "grant_types_supported": {"authorization_code", "refresh_token"},
        "token_endpoint_auth_methods_supported": {"private_key_jwt"},
        "dpop_signing_alg_values_supported": {"ES256"},
    }.items():
        found = metadata[name]
        assert isinstance(found, list)
        assert needed <= set(found), name
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["tls_client_certificate_bound_access_tokens"] is True
    for name in (
        "token_endpoint_auth_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
        "request_object_signing_alg_values_supported",
    ):
        allowed = {"PS256", "ES256", "EdDSA", "Ed25519"}
        algorithms = metadata[name]
        assert isinstance(algorithms, list)
        assert set(algorithms) <= allowed, name
    for name, value in metadata.items():
        if name.endswith(("_endpoint", "jwks_uri")):
            assert str(value).startswith("https://"), name


@module("fapi2-security-profile-final-happy-flow")
async def test_happy_flow(party: Party, other: Party) -> None:
    for each in (party, other):
        sent = await each.ask(await each.pushed())
        tokens = (await each.redeem(require_answered(each, sent))).json()
        is_dpop = each.client.variant.binding is Binding.DPOP
        assert tokens["token_type"].lower() == ("dpop" if is_dpop else "bearer")
        assert each.id_token(tokens)["nonce"] == each.nonce
        assert set(tokens.get("scope", "openid").split()) <= set(each.client.scopes)
        await require_works(each, tokens)
    # The second of a client's redirect URIs, which has a query of its own.
    uri = party.client.redirect_uris[1]
    back = await party.peer.decide(
        party.authorization_url(await party.pushed({"redirect_uri": uri})), is_granted=True, to=uri
    )
    assert back.startswith(f"{uri}&")
    # What one holds is worth nothing to the other.
    stolen = await party.tokens()
    answer = await other.resource(stolen["access_token"])
    assert answer.status_code == 401, answer.text


@module("fapi2-security-profile-final-user-rejects-authentication")
async def test_user_rejects_authentication(party: Party) -> None:
    sent = await party.ask(await party.pushed(), is_granted=False)
    assert sent.error == "access_denied"
    assert sent.parameters["state"] == party.state


@module("fapi2-security-profile-final-ensure-authorization-request-without-state-success")
async def test_ensure_authorization_request_without_state_success(party: Party) -> None:
    sent = await party.ask(await party.pushed({"state": None}))
    assert "state" not in sent.parameters
    tokens = (await party.redeem(sent.code)).json()
    assert "s_hash" not in party.id_token(tokens)


@module("fapi2-security-profile-final-ensure-authorization-request-without-nonce-success")
async def test_ensure_authorization_request_without_nonce_success(party: Party) -> None:
    assert "nonce" not in party.id_token(await party.tokens({"nonce": None}))


@module("fapi2-security-profile-final-ensure-authorization-request-with-64-char-nonce-success")
async def test_ensure_authorization_request_with_64_char_nonce_success(party: Party) -> None:
    nonce = (string.ascii_letters + string.digits + "-_")[:64]
    assert party.id_token(await party.tokens({"nonce": nonce}))["nonce"] == nonce


@module("fapi2-security-profile-final-ensure-other-scope-order-succeeds")
async def test_ensure_other_scope_order_succeeds(party: Party) -> None:
    scope = " ".join(reversed(party.client.scopes))
    await require_works(party, await party.tokens({"scope": scope}))


@module("fapi2-security-profile-final-test-claims-parameter-identity-claims")
async def test_claims_parameter_identity_claims(party: Party, metadata: dict[str, object]) -> None:
    if not metadata.get("claims_parameter_supported"):
        answer = await party.push({"claims": '{"id_token":{"email":null}}'})
        assert answer.status_code in {201, 400}  # ignored, or refused
        return
    supported = metadata.get("claims_supported", [])
    assert isinstance(supported, list)
    identity = {"email", "email_verified", "name", "phone_number", "given_name", "family_name"}
    assert identity & set(supported), "claims are requested of a server that has none"
    asked = sorted(identity & set(supported))
    wanted: dict[str, object] = dict.fromkeys(asked)
    claims: object = {"id_token": wanted, "userinfo": wanted}
    if not party.client.variant.is_signed:
        claims = httpx.Request("POST", "https://localhost", json=claims).content.decode()
    scope = " ".join(IDENTITY_SCOPES)
    tokens = await party.tokens({"claims": claims, "scope": scope})
    told = party.id_token(tokens)
    info = (await party.resource(tokens["access_token"])).json()
    assert info["sub"] == told["sub"]
    assert set(asked) <= told.keys()
    assert set(asked) <= info.keys()


@module("fapi2-security-profile-final-access-token-type-header-case-sensitivity")
async def test_access_token_type_header_case_sensitivity(party: Party) -> None:
    token = (await party.tokens())["access_token"]
    schemes = ["DPoP", "dpop", "DPOP"]
    if party.client.variant.binding is Binding.MTLS:
        schemes = ["Bearer", "bearer", "BEARER"]
    for scheme in schemes:
        assert (await party.resource(token, scheme=scheme)).status_code == 200, scheme


@module("fapi2-security-profile-final-refresh-token")
async def test_refresh_token(party: Party, other: Party) -> None:
    refresh_token = (await party.tokens())["refresh_token"]
    again = await party.refresh(refresh_token)
    assert again.status_code == 200, again.text
    tokens = again.json()
    await require_works(party, tokens)
    assert tokens.get("refresh_token", refresh_token) == refresh_token, "it must not be rotated"
    require_refused(await other.refresh(refresh_token), "invalid_grant")
    require_refused(
        await party.refresh(refresh_token, client_assertion=None, client_id=other.client.id),
        "invalid_client",
        "invalid_request",
        "invalid_grant",
    )
    if party.client.variant.binding is Binding.DPOP:
        require_refused(
            await party.refresh(refresh_token, is_proven=False),
            "invalid_request",
            "invalid_dpop_proof",
            "invalid_grant",
        )
    assert (await party.refresh(refresh_token)).status_code == 200, "the control"


@module("fapi2-security-profile-final-test-essential-acr-sca-claim")
async def test_essential_acr_sca_claim(party: Party, metadata: dict[str, object]) -> None:
    supported = metadata.get("acr_values_supported") or []
    assert isinstance(supported, list)
    sca = "urn:openbanking:psd2:sca"
    if party.client.variant.profile is not Profile.UK:
        sca = next((name for name in supported if name.endswith(":sca")), sca)
    claims: object = {"id_token": {"acr": {"essential": True, "values": [sca]}}}
    if not party.client.variant.is_signed:
        claims = httpx.Request("POST", "https://localhost", json=claims).content.decode()
    answer = await party.push({"claims": claims})
    if answer.status_code != 201:
        assert error_of(answer) in {"invalid_request", "unmet_authentication_requirements"}
        return
    try:
        sent = await party.ask(answer.json()["request_uri"])
    except Shown as shown:
        shown.require_refusal()
        return
    if sent.error:
        assert sent.error in {"access_denied", "unmet_authentication_requirements"}
        return
    assert party.id_token((await party.redeem(sent.code)).json())["acr"] == sca


@module("fapi2-security-profile-final-par-without-duplicate-parameters")
async def test_par_without_duplicate_parameters(party: Party) -> None:
    url = party.authorization_url(await party.pushed())
    assert url.count("&") == 1
    assert (await party.visit(url)).code


@module("fapi2-security-profile-final-ensure-request-object-with-multiple-aud-succeeds")
async def test_ensure_request_object_with_multiple_aud_succeeds(party: Party, peer: Peer) -> None:
    audiences = ["https://other.example", peer.issuer]
    assert (await party.ask(await party.pushed(request={"aud": audiences}))).code
