"""Modules that wait until something is over: they wait together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from joserfc.jwk import KeySet

from conformance.fapi.checks import require_refused, require_refused_visit
from conformance.fapi.modules import variants_of
from conformance.fapi.party import Party, opened
from conformance.fapi.peers import Peer

pytestmark = pytest.mark.long

CODE_VALID_S = 60
CODES = variants_of(
    "fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code"
)
REQUESTS = variants_of("fapi2-security-profile-final-par-attempt-to-use-expired-request_uri")


@dataclass
class Over:
    """What is over by now, of one client of each variant."""

    codes: list[tuple[Party, str]]
    request_uris: list[tuple[Party, str]]


@pytest.fixture(scope="module")
async def over(peer: Peer, metadata: dict[str, object], jwks: KeySet) -> AsyncIterator[Over]:
    async with AsyncExitStack() as held:
        parties = {
            variant: await held.enter_async_context(
                opened(peer, peer.clients(variant)[0], metadata, jwks)
            )
            for variant in [*CODES, *REQUESTS]
        }
        found = Over([], [])
        lives_s = CODE_VALID_S
        for variant in CODES:
            party = parties[variant]
            found.codes.append((party, (await party.ask(await party.pushed())).code))
        for variant in REQUESTS:
            party = parties[variant]
            pushed = (await party.push()).json()
            found.request_uris.append((party, pushed["request_uri"]))
            lives_s = max(lives_s, pushed["expires_in"])
        await asyncio.sleep(lives_s + 2)
        yield found


async def test_ensure_token_endpoint_fails_with_expired_auth_code(over: Over) -> None:
    assert len(over.codes) == len(CODES)
    for party, code in over.codes:
        require_refused(await party.redeem(code), "invalid_grant")


async def test_par_attempt_to_use_expired_request_uri(over: Over) -> None:
    assert len(over.request_uris) == len(REQUESTS)
    for party, request_uri in over.request_uris:
        await require_refused_visit(
            party,
            party.authorization_url(request_uri),
            "invalid_request_uri",
            "invalid_request",
            "access_denied",
        )
