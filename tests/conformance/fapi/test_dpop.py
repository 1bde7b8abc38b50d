"""Modules of DPoP (RFC 9449)."""

import time
from dataclasses import replace

import httpx
from joserfc.jwk import ECKey

from conformance.fapi.checks import require_refused, require_works
from conformance.fapi.modules import module
from conformance.fapi.party import Party
from conformance.fapi.peers import Binding


async def flow_with_proofs(party: Party, **claims: int) -> httpx.Response:
    """The whole flow with proofs that a module changes; the answer of the resource."""
    par = party.endpoint("pushed_authorization_request_endpoint")
    token = party.endpoint("token_endpoint")
    resource = party.endpoint("userinfo_endpoint")
    # Ask for the servers' nonces first: then each proof is right in all but what is changed.
    await party.tokens()
    request_uri = await party.pushed(dpop=party.proof("POST", par, changed=claims))
    sent = await party.ask(request_uri)
    answer = await party.redeem(sent.code, dpop=party.proof("POST", token, changed=claims))
    assert answer.status_code == 200, answer.text
    access = answer.json()["access_token"]
    await party.resource(access)
    return await party.resource(
        access, dpop=party.proof("GET", resource, token=access, changed=claims)
    )


@module("fapi2-security-profile-final-check-dpop-proof-nbf-exp")
async def test_check_dpop_proof_nbf_exp(party: Party) -> None:
    if party.client.variant.binding is Binding.MTLS:
        await require_works(party, await party.tokens())
        return
    now = int(time.time())
    answer = await flow_with_proofs(party, nbf=now, exp=now + 60)
    assert answer.status_code == 200, answer.text


@module("fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-before-succeeds")
async def test_ensure_dpopproof_with_iat_10seconds_before_succeeds(party: Party) -> None:
    answer = await flow_with_proofs(party, iat=int(time.time()) - 10)
    assert answer.status_code == 200, answer.text


@module("fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-after-succeeds")
async def test_ensure_dpopproof_with_iat_10seconds_after_succeeds(party: Party) -> None:
    answer = await flow_with_proofs(party, iat=int(time.time()) + 10)
    assert answer.status_code == 200, answer.text


@module("fapi2-security-profile-final-ensure-mismatched-dpop-jkt-fails")
async def test_ensure_mismatched_dpop_jkt_fails(party: Party) -> None:
    jkt = ECKey.generate_key("P-256").thumbprint()
    answer = await party.push({"dpop_jkt": jkt}, is_proven=True)
    require_refused(answer, "invalid_request", "invalid_dpop_proof")


@module("fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt")
async def test_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(party: Party) -> None:
    await party.tokens()
    sent = await party.ask(await party.pushed(is_proven=True))
    url = party.endpoint("token_endpoint")
    proof = party.proof("POST", url, key=ECKey.generate_key("P-256"))
    answer = await party.redeem(sent.code, dpop=proof)
    require_refused(answer, "invalid_grant", "invalid_dpop_proof")


@module("fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-jkt")
async def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(party: Party) -> None:
    sent = await party.ask(
        await party.pushed({"dpop_jkt": ECKey.generate_key("P-256").thumbprint()})
    )
    require_refused(await party.redeem(sent.code), "invalid_grant", "invalid_dpop_proof")


@module("fapi2-security-profile-final-ensure-dpopproof-at-par-endpoint-binding-success")
async def test_ensure_dpopproof_at_par_endpoint_binding_success(party: Party) -> None:
    await require_works(party, await party.tokens(is_proven=True))


@module("fapi2-security-profile-final-ensure-dpop-auth-code-binding-success")
async def test_ensure_dpop_auth_code_binding_success(party: Party) -> None:
    jkt = party.client.keys.dpop.thumbprint()
    await require_works(party, await party.tokens({"dpop_jkt": jkt}, is_proven=True))


@module("fapi2-security-profile-final-dpop-negative-tests")
async def test_dpop_negative_tests(party: Party) -> None:
    tokens = await party.tokens()
    token = tokens["access_token"]
    await require_works(party, tokens)
    if party.client.variant.binding is Binding.MTLS:
        return
    url = party.endpoint("userinfo_endpoint")
    now = int(time.time())
    broken = {
        "no ath": party.proof("GET", url),
        "another token's ath": party.proof("GET", url, token="another"),
        "another method": party.proof("POST", url, token=token),
        "another URL": party.proof("GET", f"{url}/other", token=token),
        "another type": party.proof("GET", url, token=token, typ="jwt"),
        "no jti": party.proof("GET", url, token=token, changed={"jti": None}),
        "no iat": party.proof("GET", url, token=token, changed={"iat": None}),
        "no htm": party.proof("GET", url, token=token, changed={"htm": None}),
        "no htu": party.proof("GET", url, token=token, changed={"htu": None}),
        "long ago": party.proof(
            "GET", url, token=token, changed={"iat": now - 3600, "nonce": None}
        ),
        "far ahead": party.proof(
            "GET", url, token=token, changed={"iat": now + 3600, "nonce": None}
        ),
        "a private key": party.proof("GET", url, token=token, header={"jwk": _private(party)}),
        "a broken signature": _broken(party.proof("GET", url, token=token)),
        "no proof": "",
    }
    for fault, proof in broken.items():
        answer = await party.resource(token, dpop=proof)
        assert answer.status_code in {400, 401}, fault
    # With a nonce of its own, so that nothing is wrong but the key.
    keys = replace(party.client.keys, dpop=ECKey.generate_key("P-256"))
    thief = replace(party, client=replace(party.client, keys=keys), nonces={})
    stolen = await thief.resource(token)
    assert stolen.status_code in {400, 401}, "another key"
    unproven = await party.resource(token, is_proven=False)
    assert unproven.status_code in {400, 401}
    bearer = await party.resource(token, scheme="Bearer")
    assert bearer.status_code in {400, 401}, "bound tokens are no bearer tokens"
    await require_works(party, tokens)


def _private(party: Party) -> dict[str, object]:
    return dict(party.client.keys.dpop.as_dict(private=True))


def _broken(proof: str) -> str:
    head, payload, signature = proof.split(".")
    flipped = "A" if signature[0] != "A" else "B"
    return f"{head}.{payload}.{flipped}{signature[1:]}"


@module("fapi2-security-profile-final-ensure-holder-of-key-required")
async def test_ensure_holder_of_key_required(party: Party) -> None:
    sent = await party.ask(await party.pushed())
    if party.client.variant.binding is Binding.DPOP:
        answer = await party.redeem(sent.code, is_proven=False)
        require_refused(answer, "invalid_request", "invalid_dpop_proof", "invalid_grant")
        return
    async with httpx.AsyncClient(verify=party.peer.trust()) as without_certificate:
        answer = await replace(party, http=without_certificate).redeem(sent.code)
    require_refused(answer, "invalid_request", "invalid_client", "invalid_grant")
