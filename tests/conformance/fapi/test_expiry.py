"""Modules that wait until something is over: they wait together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from joserfc.jwk import KeySet

from conformance.fapi.checks import require_refused, require_refused_visit
from conformance.fapi.modules import tests, variants_of
from conformance.fapi.party import Party, opened
from conformance.fapi.peers import Peer

pytestmark = pytest.mark.long

CODE_VALID_S = 60
LONGER_S = 2

Begun = tuple[str, int]
"""Something that will be over, and how long it lives."""


@dataclass(frozen=True)
class Waiting:
    """A module in two halves, with a wait between them."""

    name: str
    begin: Callable[[Party], Awaitable[Begun]]
    end: Callable[[Party, str], Awaitable[None]]

    async def __call__(self, party: Party) -> None:
        """The module by itself."""
        value, lives_s = await self.begin(party)
        await asyncio.sleep(lives_s + LONGER_S)
        await self.end(party, value)


async def begin_code(party: Party) -> Begun:
    return (await party.ask(await party.pushed())).code, CODE_VALID_S


async def end_code(party: Party, code: str) -> None:
    require_refused(await party.redeem(code), "invalid_grant")


async def begin_request(party: Party) -> Begun:
    pushed = (await party.push()).json()
    return pushed["request_uri"], pushed["expires_in"]


async def end_request(party: Party, request_uri: str) -> None:
    errors = ("invalid_request_uri", "invalid_request", "access_denied")
    await require_refused_visit(party, party.authorization_url(request_uri), *errors)


CODE = Waiting(
    "fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code",
    begin_code,
    end_code,
)
REQUEST = Waiting(
    "fapi2-security-profile-final-par-attempt-to-use-expired-request_uri",
    begin_request,
    end_request,
)
WAITING = [CODE, REQUEST]
tests.update({waiting.name: waiting for waiting in WAITING})

Over = dict[str, list[tuple[Party, str]]]
"""What is over by now, of one client of each variant, by module."""


@pytest.fixture(scope="module")
async def over(peer: Peer, metadata: dict[str, object], jwks: KeySet) -> AsyncIterator[Over]:
    async with AsyncExitStack() as held:
        found: Over = {}
        longest_s = 0
        for waiting in WAITING:
            for variant in variants_of(waiting.name):
                client = peer.clients(variant)[0]
                party = await held.enter_async_context(opened(peer, client, metadata, jwks))
                value, lives_s = await waiting.begin(party)
                found.setdefault(waiting.name, []).append((party, value))
                longest_s = max(longest_s, lives_s)
        await asyncio.sleep(longest_s + LONGER_S)
        yield found


@pytest.mark.parametrize("waiting", WAITING, ids=lambda waiting: waiting.name)
async def test_what_is_over_is_refused(over: Over, waiting: Waiting) -> None:
    assert len(over[waiting.name]) == len(variants_of(waiting.name))
    for party, value in over[waiting.name]:
        await waiting.end(party, value)
