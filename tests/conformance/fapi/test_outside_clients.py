"""Clients of others, as they are published, go through whole flows."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest

from conformance.fapi.nodes import NODE, install
from conformance.fapi.party import Party
from conformance.fapi.peers import VARIANTS, Authentication, Binding

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
