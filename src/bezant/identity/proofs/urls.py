"""Comparing the URL that a proof is for with the one that was asked (RFC 9449, section 4.3)."""

import re
from typing import Final
from urllib.parse import urlsplit

_UNRESERVED: Final = re.compile(r"%(2[dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])")
_ENCODED: Final = re.compile(r"%[0-9a-fA-F]{2}")
_PORTS: Final = {"https": 443, "http": 80}


def normalized(url: str) -> str | None:
    """A URL without query and fragment, in the normal form of RFC 3986 (6.2.2, 6.2.3).

    None where it is no absolute URL, or names a user.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in _PORTS or not host or "@" in parts.netloc:
        return None
    authority = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[scheme]:
        authority = f"{authority}:{port}"
    path = _UNRESERVED.sub(lambda found: chr(int(found[1], 16)), parts.path or "/")
    path = _ENCODED.sub(lambda found: found[0].upper(), path)
    return f"{scheme}://{authority}{path}"
