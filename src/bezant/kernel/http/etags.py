"""Entity tags (RFC 9110, 8.8.3 and 13.1.2): a client is sent only what has changed."""

import re
from hashlib import blake2b
from typing import Final

from starlette.types import Send

from bezant.kernel.calls import Answer
from bezant.kernel.http.answers import send_answer

_DIGEST_BYTES: Final = 16
_TAG: Final = re.compile(rb'(?:W/)?("[!#-~\x80-\xff]*")')

# What may be kept is asked for again each time: a balance that was true is not one that is.
_REVALIDATED: Final = (b"cache-control", b"private, no-cache")


def etag_of(body: bytes) -> bytes:
    """A strong tag: two bodies have the same one only if they are the same bytes."""
    return b'"%b"' % blake2b(body, digest_size=_DIGEST_BYTES).hexdigest().encode()


def matches(if_none_match: list[bytes], etag: bytes) -> bool:
    """Whether a client says that it has what this tag stands for."""
    return any(
        condition.strip() == b"*" or etag in _TAG.findall(condition) for condition in if_none_match
    )


async def send_tagged(
    send: Send, answer: Answer, if_none_match: list[bytes], *, with_body: bool
) -> None:
    """Send an answer with its tag, or 304 to who has it already."""
    etag = etag_of(answer.body)
    headers = [(b"etag", etag), _REVALIDATED]
    if if_none_match and matches(if_none_match, etag):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send_answer(send, answer, extra=headers, with_body=with_body)
