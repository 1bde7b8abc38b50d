"""HTTP/1.1 with bounds that uvicorn lacks: on how long and how large the head of a request is.

Without these, a client that opens connections and says nothing, or one header for ever, takes the
worker's connections or its memory. Bodies have their own bounds, in `bezant.kernel.http`.
"""

from asyncio import AbstractEventLoop, TimerHandle, Transport
from http import HTTPStatus
from typing import Any, Final

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from bezant.kernel.errors import Malformed, Refusal
from bezant.server.asking import Conversation

HEAD_BYTES_MAX: Final = 64 * 1024
"""Give or take what arrives at once, 256 KiB at most."""

HEAD_SECONDS_MAX: Final = 10.0

FAREWELL_SECONDS_MAX: Final = 0.5
"""How long a connection that has nothing more to send may take to end when the server stops."""


class HeadTooLarge(Refusal):
    """The request's line and headers, or its trailers, exceed what a server reads."""

    status, code, title = 431, "HEAD_TOO_LARGE", "The request's head is too large"


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._is_in_head = True
        self._head_timer: TimerHandle | None = None
        # Bytes since the last that led to something: the end of a head, a piece of a body. Heads,
        # trailers and extensions of chunks lead to nothing until they are complete.
        self._undelivered_bytes = 0
        self._is_ending = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._time_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._is_in_head = False
        self._time_head()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End: at once when idle, else after the answer that is under way."""
        self._is_ending = True
        super().shutdown()
        self._take_leave()

    def on_response_complete(self) -> None:
        """An answer is complete."""
        super().on_response_complete()
        self._take_leave()

    def data_received(self, data: bytes) -> None:
        """Read on, within the bounds."""
        self._undelivered_bytes += len(data)
        super().data_received(data)
        if self._undelivered_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self._refuse(HeadTooLarge(f"Headers are at most {HEAD_BYTES_MAX} bytes in all."))
        self._time_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._is_in_head = True
        super().on_message_begin()
        # For a reader that takes nothing: closing would wait for it to take what is buffered.
        self.scope["bezant.abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        self._is_in_head = False
        self._undelivered_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of its body is here."""
        self._undelivered_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is complete."""
        self._undelivered_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are no problem body
        """Answer what is not HTTP."""
        self._refuse(Malformed("The request is not HTTP/1.1."))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what no route has seen, and hang up: where another request begins is unknown."""
        body = refusal.encode()
        self.transport.write(
            f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
            f"content-type: application/problem+json\r\ncontent-length: {len(body)}\r\n"
            "cache-control: no-store\r\nconnection: close\r\n\r\n".encode("ascii")
            + body
        )
        self.transport.close()

    def _time_head(self) -> None:
        """Have the timer run while a head is incomplete; most arrive whole and never start it."""
        if self._is_in_head and self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self._give_up)
        elif not self._is_in_head and self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _take_leave(self) -> None:
        if self._is_ending and self.transport.is_closing():
            self.loop.call_later(FAREWELL_SECONDS_MAX, self._part)

    def _part(self) -> None:
        """Hang up, once all is sent: TLS waits for a goodbye that an idle client never says."""
        if self.transport.get_write_buffer_size():
            self._take_leave()
        else:
            self.transport.abort()

    def _give_up(self) -> None:
        # Aborted: who does not send may not read either, and closing waits for that.
        self.transport.abort()


class CertificateProtocol(BoundedProtocol):
    """One connection of the listener for clients with certificates.

    Each request's scope has the extension `tls` with what the peer presented: `client_cert_der`, or
    None for nothing, and `client_cert_chain_der`, the certificates that came along.
    """

    _presented: dict[object, object]

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """The handshake is done."""
        conversation = transport.get_extra_info("ssl_object")
        assert isinstance(conversation, Conversation)
        self._presented = {
            "client_cert_der": conversation.certificate,
            "client_cert_chain_der": conversation.chain,
        }
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope["extensions"] = {"tls": self._presented}
