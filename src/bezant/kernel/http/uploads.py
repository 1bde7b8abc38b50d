"""Operations that take a file: written to disk as it arrives, so that memory does not grow."""

import asyncio
import hashlib
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Generic, TypeVar, cast

from starlette.types import Receive, Scope

from bezant.kernel.calls import Answer, Call, Principal
from bezant.kernel.errors import TooLarge
from bezant.kernel.http.authorization import Admitted
from bezant.kernel.http.bodies import BODY_SECONDS_MAX, ClientGone
from bezant.kernel.http.errors import RequestTimeout, UnsupportedMediaType
from bezant.kernel.http.headers import Headers
from bezant.kernel.http.operations import Gate, Nothing, Operation, parse_query

P = TypeVar("P")
Q = TypeVar("Q")

IN_MEMORY_BYTES_MAX: Final = 1 << 20
"""Files up to this size are not written to disk."""


@dataclass(frozen=True, slots=True)
class Uploading(Generic[P, Q]):
    """A request that brings a file.

    Attributes:
        media_type: one of the operation's, without parameters.
        source: the file, at its beginning; open until the handler returns.
        digest: SHA-256 of it.
    """

    principal: Principal
    path: P
    query: Q
    media_type: str
    source: BinaryIO
    digest: bytes
    call: Call


@dataclass(frozen=True, kw_only=True)
class UploadOperation(Operation, Generic[P, Q]):
    """A POST of a file. Takes `Idempotency-Key`.

    Attributes:
        action: what the audit log calls it, as `noun.verb`.
        media_types: those that it takes.
        bytes_max: where to stop reading.
    """

    handler: Callable[[Uploading[P, Q]], Awaitable[Answer]]
    action: str
    media_types: Sequence[str]
    bytes_max: int
    query_type: type[Any] = Nothing
    method: str = "POST"

    async def _answer(
        self, gate: Gate, admitted: Admitted, scope: Scope, receive: Receive
    ) -> Answer:
        path = self._path(scope)
        query = parse_query(scope["query_string"], self.query_type)
        headers = Headers(scope["headers"])
        key = headers.idempotency_key()
        media_type = self._media_type(headers)
        resource, principal = scope["path"], admitted.principal
        with ExitStack() as opened:
            file = opened.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES_MAX))
            source = cast("BinaryIO", file)
            digest = await self._receive(receive, headers.one(b"content-length"), source)
            asked = b"\n".join((self.method.encode(), resource.encode(), scope["query_string"]))
            call = Call(
                id=gate.ids.new(),
                tenant_id=principal.tenant_id,
                actor=principal.actor,
                action=self.action,
                resource=resource,
                origin="http",
                idempotency_key=key,
                fingerprint=hashlib.sha256(asked + b"\n" + digest).digest(),
                through=principal.through,
            )
            return await self.handler(
                Uploading(principal, path, query, media_type, source, digest, call)
            )

    def _media_type(self, headers: Headers) -> str:
        """What the file is declared to be.

        Raises:
            UnsupportedMediaType: none of the operation's, or compressed.
        """
        declared = (headers.one(b"content-type") or b"").decode("latin-1")
        media_type = declared.partition(";")[0].strip().lower()
        if media_type not in self.media_types:
            raise UnsupportedMediaType(f"Files are sent as {', '.join(self.media_types)}.")
        coding = headers.one(b"content-encoding")
        if coding is not None and coding.lower() != b"identity":
            raise UnsupportedMediaType("Files are sent without a content coding.")
        return media_type

    async def _receive(
        self, receive: Receive, content_length: bytes | None, source: BinaryIO
    ) -> bytes:
        """Write the body to `source`, and go back to its beginning; its SHA-256.

        Raises:
            TooLarge: at the declared length if there is one, else as soon as the limit is passed.
            RequestTimeout: nothing came within `BODY_SECONDS_MAX`.
            ClientGone: the connection closed.
        """
        if content_length is not None and int(content_length) > self.bytes_max:
            raise self._too_large()
        digest, length, more_follow = hashlib.sha256(), 0, True
        while more_follow:
            try:
                async with asyncio.timeout(BODY_SECONDS_MAX):
                    message = await receive()
            except TimeoutError:
                raise RequestTimeout(
                    f"Nothing of the file came within {BODY_SECONDS_MAX:.0f} s."
                ) from None
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk = message.get("body", b"")
            length += len(chunk)
            if length > self.bytes_max:
                raise self._too_large()
            digest.update(chunk)
            source.write(chunk)
            more_follow = message.get("more_body", False)
        source.seek(0)
        return digest.digest()

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"A file of this route is at most {self.bytes_max} bytes.", bytes_max=self.bytes_max
        )
