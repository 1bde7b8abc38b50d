"""Instants as the wire has them: with a zone, and well within the calendar."""

from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

Instant = Annotated[datetime, Meta(tz=True)]
"""A timestamp with its offset (RFC 3339). One without names no instant."""


def require_within_calendar(instant: datetime | None, field: str) -> None:
    """Check an instant of a wire model, in its `__post_init__`.

    Time zones move an instant by up to a day, and both the calendar and the database end with 9999.

    Raises:
        ValueError: before 1970 or after 9998; the decoder makes a refusal of it that names `field`.
    """
    if instant is not None and not EARLIEST <= instant <= LATEST:
        raise ValueError(f"Invalid field `{field}`: from 1970 to 9998, UTC")
