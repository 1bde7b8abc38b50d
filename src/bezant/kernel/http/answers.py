"""Answers and refusals as ASGI messages."""

from collections.abc import Sequence
from typing import Final

from starlette.types import Send

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal, TooLarge, Unauthenticated
from bezant.kernel.http.errors import MethodNotAllowed

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"

Header = tuple[bytes, bytes]
Headers = list[Header]


async def send_answer(
    send: Send, answer: Answer, *, extra: Sequence[Header] = (), with_body: bool = True
) -> None:
    """Send a rendered answer; one that was stored says so in `Idempotency-Replayed`."""
    if answer.is_replay:
        extra = [*extra, (b"idempotency-replayed", b"true")]
    kind = PROBLEM if answer.is_refusal else JSON
    await send_bytes(send, answer.status, kind, answer.body, extra=extra, with_body=with_body)


async def send_refusal(send: Send, refusal: Refusal, *, with_body: bool = True) -> None:
    """Send a problem body with the headers that its status asks for."""
    body, extra = refusal.encode(), headers_of(refusal)
    await send_bytes(send, refusal.status, PROBLEM, body, extra=extra, with_body=with_body)


def headers_of(refusal: Refusal) -> Headers:
    """What a refusal says in headers: RFC 6750 (section 3) challenges, `Retry-After`, `Allow`."""
    # An attribute of those refusals that have their own, in whichever domain they are declared.
    own: Sequence[Header] | None = getattr(refusal, "headers", None)
    return _usual(refusal) if own is None else list(own)


def _usual(refusal: Refusal) -> Headers:
    # As above: an attribute of those that pass.
    retry_after_s = getattr(refusal, "retry_after_s", None)
    if retry_after_s is not None:
        return [(b"retry-after", str(retry_after_s).encode())]
    match refusal:
        case Unauthenticated():
            return [(b"www-authenticate", b'Bearer realm="bezant"')]
        case MethodNotAllowed(facts={"allow": allow}):
            return [(b"allow", str(allow).encode())]
        case TooLarge():
            # The rest of the body is not read: the connection cannot carry another request.
            return [(b"connection", b"close")]
        case _:
            return []


async def send_bytes(
    send: Send,
    status: int,
    content_type: bytes,
    body: bytes,
    *,
    extra: Sequence[Header],
    with_body: bool = True,
) -> None:
    """Send a whole response. `with_body` is False for HEAD (RFC 9110, section 9.3.2)."""
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body if with_body else b""})
