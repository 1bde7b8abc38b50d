"""Names of the write-ahead log's segments (PostgreSQL 18, `xlog_internal.h`)."""

import re
from collections.abc import Iterator
from typing import Final

SEGMENT_BYTES: Final = 16 << 20
"""As `initdb` makes them, unless told otherwise."""

_PER_LOG: Final = (1 << 32) // SEGMENT_BYTES

_SEGMENT: Final = re.compile(r"[0-9A-F]{24}", re.ASCII)
_ARCHIVED: Final = re.compile(
    r"[0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history", re.ASCII
)


def is_segment(name: str) -> bool:
    """Whether a file of the log is a segment, not a note beside them."""
    return _SEGMENT.fullmatch(name) is not None


def is_log_file(name: str) -> bool:
    """Whether PostgreSQL asks for such a file to be archived."""
    return _ARCHIVED.fullmatch(name) is not None


def segments_between(first: str, last: str) -> Iterator[str]:
    """All from one to another, of one timeline."""
    timeline = int(first[:8], 16)
    for number in range(_number(first), _number(last) + 1):
        yield _name(timeline, number)


def _number(name: str) -> int:
    return int(name[8:16], 16) * _PER_LOG + int(name[16:], 16)


def _name(timeline: int, number: int) -> str:
    return f"{timeline:08X}{number // _PER_LOG:08X}{number % _PER_LOG:08X}"
