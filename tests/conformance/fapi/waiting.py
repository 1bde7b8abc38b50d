"""Modules that wait until something is over: they begin together, and others run meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from joserfc.jwk import KeySet

from conformance.fapi.checks import require_refused, require_refused_visit
from conformance.fapi.modules import tests, variants_of
from conformance.fapi.party import Party, opened
from conformance.fapi.peers import Peer

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


@dataclass
class Waits:
    """What was begun, of one client of each variant, by module.

    Attributes:
        over_at: when all of it is over, by the monotonic clock.
    """

    begun: dict[str, list[tuple[Party, str]]] = field(default_factory=dict)
    over_at: float = 0.0

    async def over(self) -> dict[str, list[tuple[Party, str]]]:
        """The same, once it is over."""
        await asyncio.sleep(max(0.0, self.over_at - time.monotonic()))
        return self.begun


@asynccontextmanager
async def all_begun(peer: Peer, metadata: dict[str, object], jwks: KeySet) -> AsyncIterator[Waits]:
    """Begin every one of them."""
    async with AsyncExitStack() as held:
        waits = Waits()
        for waiting in WAITING:
            for variant in variants_of(waiting.name):
                client = peer.clients(variant)[0]
                party = await held.enter_async_context(opened(peer, client, metadata, jwks))
                value, lives_s = await waiting.begin(party)
                waits.begun.setdefault(waiting.name, []).append((party, value))
                over_at = time.monotonic() + lives_s + LONGER_S
                waits.over_at = max(waits.over_at, over_at)
        yield waits
