"""Clients of others, as they are published, go through whole flows."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest
import requests
from joserfc.jwk import KeySet
from requests_oauth2client import DPoPToken, IdToken, OAuth2Client, PrivateKeyJwt

from conformance.fapi.nodes import NODE, install
from conformance.fapi.party import Party
from conformance.fapi.peers import VARIANTS, Authentication, Binding, Variant

FOLDER = Path(__file__).parent / "outside_clients"


def told_of(party: Party, authority: str) -> dict[str, object]:
    """What a client is told: all that its own operator would."""
    client = party.client
    tls = {"ca": authority}
    if client.variant.uses_certificate:
        tls["certificate"] = client.keys.certificate.path.read_text()
        tls["key"] = client.keys.certificate.key_path.read_text()
    return {
        "issuer": party.peer.issuer,
        "client_id": client.id,
        "redirect_uri": party.redirect_uri,
        "scope": " ".join(client.scopes),
        "is_mtls": client.variant.authentication is Authentication.MTLS,
        "is_dpop": client.variant.binding is Binding.DPOP,
        "jwk": client.keys.signing.as_dict(private=True),
        "tls": tls,
    }


@pytest.mark.parametrize("variant", [each for each in VARIANTS if not each.is_signed], ids=str)
@pytest.mark.parametrize("client", ["openid-client", "oauth4webapi"])
async def test_a_client_of_others_completes_the_flow(party: Party, client: str) -> None:
    await install(FOLDER)
    process = await asyncio.create_subprocess_exec(
        NODE,
        f"{client}.mjs",
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    told = told_of(party, party.peer.authority.read_text())
    process.stdin.write(json.dumps(told).encode() + b"\n")
    asked = await process.stdout.readline()
    assert asked, (await process.stderr.read()).decode()
    back = await party.peer.decide(json.loads(asked)["url"], is_granted=True, to=party.redirect_uri)
    process.stdin.write(back.encode() + b"\n")
    got = await process.stdout.readline()
    _, errors = await process.communicate()
    assert got, errors.decode()
    answer = json.loads(got)
    assert answer["token_type"] == ("dpop" if told["is_dpop"] else "bearer")
    assert answer["sub"]
    assert answer["refreshed"]


@pytest.mark.parametrize(
    "variant",
    [
        each
        for each in VARIANTS
        if not each.is_signed and each.authentication is Authentication.PRIVATE_KEY_JWT
    ],
    ids=str,
)
async def test_requests_oauth2client_completes_the_flow(
    party: Party, metadata: dict[str, object], jwks: KeySet, variant: Variant
) -> None:
    """Its audience is the issuer, which has to be said: by default it names the endpoint."""
    keys, is_dpop = party.client.keys, variant.binding is Binding.DPOP
    session = requests.Session()
    session.trust_env = False  # an environment's authorities would come first
    session.verify = str(party.peer.authority)
    if variant.uses_certificate:
        session.cert = (str(keys.certificate.path), str(keys.certificate.key_path))
    authentication = PrivateKeyJwt(
        party.client.id, keys.signing.as_dict(private=True), aud=party.peer.issuer, alg="ES256"
    )
    aliases = metadata.get("mtls_endpoint_aliases", {}) if variant.uses_certificate else {}
    assert isinstance(aliases, dict)
    client = OAuth2Client.from_discovery_document(
        {**metadata, **aliases},
        issuer=party.peer.issuer,
        auth=authentication,
        authorization_server_jwks=dict(jwks.as_dict(private=False)),
        redirect_uri=party.redirect_uri,
        dpop_bound_access_tokens=is_dpop,
        session=session,
        id_token_signed_response_alg="ES256",
        # It refuses ports of this machine unless it is told that this is a test.
        testing=True,
    )
    asked = client.authorization_request(scope=" ".join(party.client.scopes))
    pushed = await asyncio.to_thread(client.pushed_authorization_request, asked)
    back = await party.peer.decide(str(pushed.uri), is_granted=True, to=party.redirect_uri)
    answer = asked.validate_callback(back)
    # Validating an ID token, its release 1.8 loses the key of the DPoP token that it came with.
    tokens = await asyncio.to_thread(
        client.authorization_code, answer, dpop=is_dpop, validate=not is_dpop
    )
    assert isinstance(tokens, DPoPToken) is is_dpop
    info = await asyncio.to_thread(client.userinfo, tokens)
    assert isinstance(tokens.id_token, IdToken)
    assert info["sub"] == tokens.id_token.sub
    refreshed = await asyncio.to_thread(client.refresh_token, tokens)
    assert refreshed.access_token
    session.close()
