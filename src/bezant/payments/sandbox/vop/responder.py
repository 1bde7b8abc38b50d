"""The scheme's API over a list of accounts, each of which may have its way of misbehaving."""

import asyncio
import hmac
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

import msgspec
from starlette.types import Message, Receive, Scope, Send

from bezant.kernel.telemetry import Sensitive
from bezant.payments.vop import (
    Comparison,
    Verdict,
    compare_organisation,
    compare_people,
    scheme,
)

_ENDLESS_BYTES: Final = 1 << 20
_OK: Final = 200
_MALFORMED: Final = 400
_UNAUTHORIZED: Final = 401
_NOT_ALLOWED: Final = 405
_FAULT: Final = 500
_MOVED: Final = 307
_ADMIN: Final = "/admin/payees/"


class Misbehaviour(StrEnum):
    """What goes wrong at the other side."""

    NONE = "none"
    SLOW = "slow"
    """It answers late, and not too late."""
    SILENT = "silent"
    """It never answers."""
    DROPPED = "dropped"
    """It hangs up in the middle of its answer."""
    WRONG_ID = "wrong_id"
    """It answers another's question."""
    NO_ID = "no_id"
    FAULT = "fault"
    """500."""
    MOVED = "moved"
    """It sends the question, with the name in it, elsewhere."""
    BROKEN_JSON = "broken_json"
    WRONG_TYPE = "wrong_type"
    """JSON of another shape."""
    NO_JSON = "no_json"
    """A page for people."""
    ENDLESS = "endless"
    """A megabyte."""
    NESTED = "nested"
    """Deeper than readers go."""
    UNKNOWN_CODE = "unknown_code"
    NAMELESS = "nameless"
    """A close match that says no name."""
    TALKATIVE = "talkative"
    """It tells the holder's name although nothing matches."""
    LYING = "lying"
    """It says that whatever is asked matches."""


_CANNED: Final[Mapping[Misbehaviour, tuple[int, bytes, dict[str, str]]]] = {
    Misbehaviour.FAULT: (_FAULT, b"{}", {}),
    Misbehaviour.MOVED: (_MOVED, b"", {"Location": scheme.PATH}),
    Misbehaviour.WRONG_TYPE: (_OK, b'{"partyNameMatch": ["MTCH"]}', {}),
    Misbehaviour.NO_JSON: (_OK, b"<p>MTCH</p>", {"Content-Type": "text/html"}),
    Misbehaviour.NESTED: (_OK, b'{"partyNameMatch": "MTCH", "more": ' + b"[" * 15_000, {}),
    Misbehaviour.UNKNOWN_CODE: (_OK, b'{"partyNameMatch": "PERHAPS"}', {}),
    Misbehaviour.NAMELESS: (_OK, b'{"partyNameMatch": "CMTC"}', {}),
    Misbehaviour.LYING: (_OK, b'{"partyNameMatch": "MTCH"}', {}),
}
"""What some answer, whatever they are asked: status, body, headers."""


@dataclass(frozen=True, slots=True, repr=False)
class SandboxPayee(Sensitive):
    """Who holds an account.

    Attributes:
        names: of the people who hold it together, or of one organisation.
    """

    names: tuple[str, ...]
    is_organisation: bool = False
    misbehaviour: Misbehaviour = Misbehaviour.NONE


_PAYEE: Final = msgspec.json.Decoder(SandboxPayee)


@dataclass
class SandboxResponder:
    """An ASGI application.

    Attributes:
        payees: by IBAN.
        secret: whoever shows it may say who holds an account: `PUT /admin/payees/{iban}`; None lets
            nobody.
        asked: the identifiers of the questions that came, in their order.
        seen: what each came with, by header name in lower case.
        slow_s: how long those wait that are slow.
        released: ends those that are silent, so that the server can stop.
    """

    payees: MutableMapping[str, SandboxPayee]
    slow_s: float = 4.0
    secret: str | None = None
    asked: list[UUID] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http"
        body = await _read(receive)
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["path"].startswith(_ADMIN):
            status = self._told(scope["method"], scope["path"], headers, body)
            await _send(send, status, b"{}", {})
            return
        self.seen.append(headers)
        try:
            request = scheme.REQUEST.decode(body)
            request_id = UUID(headers[scheme.REQUEST_ID.lower()])
            assert (scope["method"], scope["path"]) == ("POST", scheme.PATH)
        except (msgspec.DecodeError, KeyError, ValueError, AssertionError):
            problem = scheme.Problem("about:blank", "FORMAT_ERROR", "Bad request", _MALFORMED, "")
            await _send(send, _MALFORMED, msgspec.json.encode(problem), {})
            return
        self.asked.append(request_id)
        payee = self.payees.get(request.party_account.iban)
        if payee is None or request.party.name is None:
            await self._answer(send, request_id, Comparison(Verdict.NOT_POSSIBLE))
            return
        compare = compare_organisation if payee.is_organisation else compare_people
        found = compare(request.party.name, payee.names)
        await self._misbehave(send, request_id, payee, found)

    def _told(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take who holds an account from whoever may say so."""
        shown = headers.get("authorization", "").encode()
        if self.secret is None or not hmac.compare_digest(shown, f"Bearer {self.secret}".encode()):
            return _UNAUTHORIZED
        if method != "PUT":
            return _NOT_ALLOWED
        try:
            self.payees[path.removeprefix(_ADMIN)] = _PAYEE.decode(body)
        except msgspec.DecodeError:
            return _MALFORMED
        return _OK

    async def _misbehave(
        self, send: Send, request_id: UUID, payee: SandboxPayee, found: Comparison
    ) -> None:
        ids = {scheme.REQUEST_ID: str(request_id)}
        good = msgspec.json.encode(scheme.Response.of(found))
        match payee.misbehaviour:
            case Misbehaviour.NONE:
                await self._answer(send, request_id, found)
            case Misbehaviour.SLOW:
                await asyncio.sleep(self.slow_s)
                await self._answer(send, request_id, found)
            case Misbehaviour.SILENT:
                await self.released.wait()
            case Misbehaviour.DROPPED:
                await send(_head(_OK, {**ids, "Content-Length": str(len(good) + 1)}))
                await send({"type": "http.response.body", "body": good, "more_body": True})
            case Misbehaviour.WRONG_ID:
                await self._answer(send, uuid4(), found)
            case Misbehaviour.NO_ID:
                await _send(send, _OK, good, {})
            case Misbehaviour.BROKEN_JSON:
                await _send(send, _OK, good[:-2], ids)
            case Misbehaviour.ENDLESS:
                await _send(send, _OK, good + b" " * _ENDLESS_BYTES, ids)
            case Misbehaviour.TALKATIVE:
                told = scheme.Response("NMTC", None, payee.names[0])
                await _send(send, _OK, msgspec.json.encode(told), ids)
            case _:
                status, body, headers = _CANNED[payee.misbehaviour]
                await _send(send, status, body, ids | headers)

    async def _answer(self, send: Send, request_id: UUID, found: Comparison) -> None:
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        headers = {scheme.REQUEST_ID: str(request_id), scheme.ANSWERED_AT: stamp}
        await _send(send, _OK, msgspec.json.encode(scheme.Response.of(found)), headers)


def _head(status: int, headers: Mapping[str, str]) -> Message:
    pairs = {"Content-Type": "application/json", **headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in pairs.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


async def _send(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    await send(_head(status, {"Content-Length": str(len(body)), **headers}))
    await send({"type": "http.response.body", "body": body})


async def _read(receive: Receive) -> bytes:
    body, more_follow = b"", True
    while more_follow:
        message = await receive()
        body += message.get("body", b"")
        more_follow = message.get("more_body", False)
    return body
