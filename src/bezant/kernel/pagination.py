"""Pages: opaque cursors over a listing's own order, stable while rows are added.

A cursor is a position, never an authority: whose rows are read comes from the credential. So it
is not secret and not signed; a digest binds it to its listing and catches what was cut, edited or
taken from elsewhere.
"""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Protocol, TypeVar, cast

import msgspec
from msgspec import Meta, Struct

from bezant.kernel.errors import Refusal

LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 1_000
CURSOR_CHARACTERS_MAX: Final = 512

UUID_POSITION: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The form of positions that are identifiers."""

_CHECK_BYTES: Final = 8


class InvalidCursor(Refusal):
    """The cursor is not one that this listing gave out."""

    status, code, title = 400, "INVALID_CURSOR", "The cursor is invalid"


class Page(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of a listing."""

    cursor: (
        Annotated[
            str,
            Meta(max_length=CURSOR_CHARACTERS_MAX, description="`next` of the page before."),
        ]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="Rows of a page.")] = LIMIT_DEFAULT


class _Paged(Protocol):
    """A page of rows. `next` is the position of its last row, or None at the listing's end."""

    @property
    def next(self) -> str | None: ...


PageT = TypeVar("PageT", bound=_Paged)


async def turn_page(
    listing: str,
    page: Page,
    position: re.Pattern[str],
    read: Callable[[str | None, int], Awaitable[PageT]],
) -> PageT:
    """Read one page with `read(after, limit)`, which knows positions and no cursors.

    `position` is the form of the listing's positions: who makes up a cursor with the right digest
    still gets nothing else through.

    Raises:
        InvalidCursor: the page's cursor is not of this listing.
    """
    after = None if page.cursor is None else read_cursor(listing, page.cursor)
    if after is not None and not position.fullmatch(after):
        raise _invalid()
    found = await read(after, page.limit)
    if found.next is None:
        return found
    # `replace` takes Structs, which every page is; a Protocol cannot say so.
    turned: PageT = msgspec.structs.replace(
        cast("Any", found), next=write_cursor(listing, found.next)
    )
    return turned


def write_cursor(listing: str, position: str) -> str:
    """The cursor that continues `listing` after `position`.

    Args:
        listing: names the rows and their order, such as the request's path.
        position: the last row's place in that order.
    """
    place = position.encode()
    return urlsafe_b64encode(_check(listing, place) + place).rstrip(b"=").decode()


def read_cursor(listing: str, cursor: str) -> str:
    """The position that a cursor stands for.

    Raises:
        InvalidCursor: cut, edited, or of another listing.
    """
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        position = raw[_CHECK_BYTES:].decode()
    except ValueError:
        raise _invalid() from None
    # Base64 decoders skip foreign characters: only the text that we write is ours.
    if write_cursor(listing, position) != cursor:
        raise _invalid()
    return position


def _check(listing: str, place: bytes) -> bytes:
    named = hashlib.sha256(listing.encode()).digest()
    return hashlib.sha256(named + place).digest()[:_CHECK_BYTES]


def _invalid() -> InvalidCursor:
    return InvalidCursor("Send `next` of a page of this listing, unchanged.", field="cursor")
