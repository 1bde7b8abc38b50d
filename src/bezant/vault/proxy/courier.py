"""One delivery: connect, take the CVC, fill the body, send, and hide what comes back of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from bezant.kernel.outbound import NotConnected, Streams, Target
from bezant.kernel.telemetry import Sensitive
from bezant.vault.proxy.errors import CvcGone, DestinationUnreachable, ForwardUnknown
from bezant.vault.proxy.parts import CVC, part_of
from bezant.vault.proxy.redaction import redact
from bezant.vault.proxy.schemas import ForwardResponse, NewForward
from bezant.vault.proxy.sending import NoHead, Outbound, exchange
from bezant.vault.proxy.templates import Placeholder, fill
from bezant.vault.tokens import TokenRow, TokenService, unknown


@dataclass(frozen=True, slots=True, repr=False)
class Filled(Sensitive):
    """A request with everything in it, and the connection that it goes over."""

    streams: Streams
    target: Target
    method: str
    headers: Mapping[str, str]
    body: bytes
    values: Mapping[Placeholder, str]


class Courier:
    """Carries requests out.

    Args:
        tokens: knows what they stand for.
        outbound: how requests leave.
    """

    def __init__(self, tokens: TokenService, outbound: Outbound) -> None:
        self._tokens = tokens
        self._outbound = outbound

    async def prepare(
        self,
        tenant_id: UUID,
        rows: Mapping[str, TokenRow],
        asked: NewForward,
        target: Target,
        places: Sequence[Placeholder],
    ) -> Filled:
        """Connect and fill. Whatever is refused here was not sent, and no CVC is used for it.

        Raises:
            TokenNotFound: what a token stood for was erased.
            DestinationUnreachable: there is no connection.
            CvcGone: it was used or left meanwhile.
            TemplateRefused: a value cannot stand where it should.
        """
        known = await self._tokens.revealing.values_of(tenant_id, rows.values(), asked.purpose)
        if any(token not in known for token in rows):
            raise unknown()
        values = {
            place: part_of(known[place.token], place.member)
            for place in places
            if place.member != CVC
        }
        streams = await self._connect(target)
        try:
            values |= self._codes(tenant_id, places)
            content_type, body = fill(asked.body, values)
        except BaseException:
            streams[1].transport.abort()
            raise
        headers = {**asked.headers, "Content-Type": content_type}
        return Filled(streams, target, asked.method, headers, body, values)

    async def deliver(self, filled: Filled) -> ForwardResponse:
        """Send; the answer, with what was sent hidden.

        Raises:
            ForwardUnknown: no answer came.
        """
        try:
            reply = await exchange(
                filled.streams,
                filled.target,
                filled.method,
                filled.headers,
                filled.body,
                seconds_max=self._outbound.seconds_max,
            )
        except NoHead:
            raise ForwardUnknown("It was sent, and no answer came.") from None
        body = None if reply.body is None else redact(reply.body, filled.values)
        kind = None if reply.content_type is None else redact(reply.content_type, filled.values)
        return ForwardResponse(reply.status, kind, body, reply.withheld)

    async def _connect(self, target: Target) -> Streams:
        try:
            async with asyncio.timeout(self._outbound.seconds_max):
                return await self._outbound.network.connect(target, self._outbound.tls)
        except NotConnected as error:
            reason = error.reason
        except TimeoutError:
            reason = "timed_out"
        raise DestinationUnreachable("Nothing was sent.", reason=reason)

    def _codes(self, tenant_id: UUID, places: Sequence[Placeholder]) -> dict[Placeholder, str]:
        """The CVCs that are asked for, which are in no memory of ours after this request."""
        codes = {}
        for place in places:
            if place.member == CVC:
                code = self._tokens.codes.take(tenant_id, place.token)
                if code is None:
                    raise CvcGone("The card's CVC is not in memory.")
                codes[place] = code.decode("ascii")
                code[:] = bytes(len(code))
        return codes
