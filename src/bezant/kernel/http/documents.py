"""Answers that are files: made whole before they are sent, and sent in pieces.

A file that turns out to be wrong while it is made is a refusal or a fault, never half a file. So it
waits on disk, without a name, until it is complete; what is sent of it then has a length, and costs
memory for one piece, however slowly it is taken.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from starlette.types import Receive, Scope, Send

from bezant.kernel.calls import Answer
from bezant.kernel.http.answers import send_answer
from bezant.kernel.http.authorization import Admitted
from bezant.kernel.http.exchange import exchange_of
from bezant.kernel.http.operations import Gate, P, Q, ReadOperation
from bezant.kernel.http.streams import STALLED_S_MAX, abort_of

PIECE_BYTES: Final = 256 * 1024


class Document(Answer, frozen=True, kw_only=True):
    """A complete file, which is closed once it is sent.

    Attributes:
        file: from its start; it belongs to the answer.
        size: bytes.
        media_type: what it is, with its parameters.
        name: what to save it as: ASCII without quotes and backslashes.
    """

    file: BinaryIO
    size: int
    media_type: str
    name: str


@dataclass(frozen=True, kw_only=True)
class DocumentOperation(ReadOperation[P, Q]):
    """A GET that is answered by JSON or by a `Document`, as the request asks for.

    Attributes:
        media: the kinds of documents, by media type; what each is, for the documentation.
    """

    media: Mapping[str, str] = field(default_factory=dict)

    async def _answer(
        self, gate: Gate, admitted: Admitted, scope: Scope, receive: Receive
    ) -> Answer:
        del receive  # a GET has no body
        found: Any = await self.handler(self._reading(gate, admitted.principal, scope))
        return found if isinstance(found, Document) else Answer.of(found, self.status)

    async def _send(self, scope: Scope, send: Send, answer: Answer, *, with_body: bool) -> None:
        if isinstance(answer, Document):
            kind = answer.media_type.partition(";")[0]
            assert kind in self.media, f"a kind of document that is not declared: {kind}"
            exchange_of(scope).is_stream = True  # it lasts as long as its reader likes
            await send_document(scope, send, answer, with_body=with_body)
        else:
            await send_answer(send, answer, with_body=with_body)


async def send_document(scope: Scope, send: Send, document: Document, *, with_body: bool) -> None:
    """Send a file and close it. A reader who takes nothing for `STALLED_S_MAX` is cut off."""
    with document.file as file:
        headers = [
            (b"content-type", document.media_type.encode()),
            (b"content-length", str(document.size).encode()),
            (b"content-disposition", f'attachment; filename="{document.name}"'.encode("ascii")),
        ]
        await send({"type": "http.response.start", "status": document.status, "headers": headers})
        left = document.size if with_body else 0
        while left:
            piece = await asyncio.to_thread(file.read, PIECE_BYTES)
            assert piece, "a file that is shorter than was said"
            left -= len(piece)
            try:
                async with asyncio.timeout(STALLED_S_MAX):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            except TimeoutError:
                abort = abort_of(scope)
                if abort is not None:
                    abort()
                return
        await send({"type": "http.response.body", "body": b""})
