"""A chunk of a file's items: each is tried by itself, and asked again where nobody could answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import msgspec

from bezant.kernel.calls import RefusedAnswer
from bezant.kernel.errors import Busy, Refusal, Unavailable
from bezant.ledger import OF_LANES

AT_ONCE_MAX: Final = 16
"""Items of a chunk that are under way together: the lane takes them in one commit."""

ITEM_INVALID: Final = "ITEM_INVALID"
"""The code of an item that asks for what the API has no place for."""

_OF_LANES: Final = frozenset(refusal.code for refusal in OF_LANES)

R = TypeVar("R")


class _AskAgain(Exception):  # noqa: N818 - a wish, not a fault
    """The book could not be asked."""


async def try_each(
    rows: Sequence[R], attempt: Callable[[R], Awaitable[object]]
) -> list[tuple[R, str | None]]:
    """Try items; those that were done, with None, and those that were refused, with the code.

    Those that were neither done nor refused, or of which nobody knows, are left out.

    Args:
        rows: of the items.
        attempt: raises where an item is refused.
    """
    room = asyncio.Semaphore(AT_ONCE_MAX)

    async def one(row: R) -> str | None:
        async with room:
            return await _refusal_of(attempt(row))

    tried = await asyncio.gather(*(one(row) for row in rows), return_exceptions=True)
    answered: list[tuple[R, str | None]] = []
    for row, code in zip(rows, tried, strict=True):
        if isinstance(code, BaseException):
            if not isinstance(code, _AskAgain):
                raise code
            continue
        answered.append((row, code))
    return answered


async def _refusal_of(attempt: Awaitable[object]) -> str | None:
    try:
        await attempt
    except (Busy, Unavailable) as unavailable:
        raise _AskAgain from unavailable
    except Refusal as refusal:
        return refusal.code
    except RefusedAnswer as refused:
        if refused.code in _OF_LANES:
            raise _AskAgain from refused
        return refused.code
    except msgspec.ValidationError:
        # Its words may quote what is personal.
        return ITEM_INVALID
    return None
