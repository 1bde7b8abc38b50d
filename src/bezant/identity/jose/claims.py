"""Claims that many kinds of tokens share (RFC 7519, section 4.1)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bezant.identity.jose.errors import JoseRefused

_SECONDS_MAX: Final = 253_402_300_799
"""The end of the year 9999."""


def read_instant(claims: Mapping[str, Any], name: str) -> datetime | None:
    """A NumericDate; None where it is not claimed.

    Raises:
        JoseRefused: it is none.
    """
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise JoseRefused(f"Its {name} is no number of seconds.")
    if not 0 <= value <= _SECONDS_MAX:
        raise JoseRefused(f"Its {name} is no instant.")
    return datetime.fromtimestamp(value, UTC)
