"""Redirect URIs: exact texts, each plainly the client's own.

RFC 9700 (section 4.1.3), RFC 8252 (section 7) and FAPI 2.0 (section 5.3.2.2). Every character is
one that all readers of URLs read alike, so that none sees another host.
"""

import re
from typing import Final

from bezant.identity.clients.errors import InvalidRedirectUri

CHARACTERS_MAX: Final = 2_000

_AFTER_HOST: Final = r"(?P<rest>[/?][A-Za-z0-9._~!$&'()+,;=:/?%-]*)?"
_HTTPS: Final = re.compile(rf"https://(?P<host>[a-z0-9.-]+)(:(?P<port>[0-9]{{1,5}}))?{_AFTER_HOST}")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# RFC 8252, section 7.1: a scheme of one's own is a domain name in reverse, so it has a dot.
_PRIVATE: Final = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:/[A-Za-z0-9._~!$&'()+,;=:/?%-]*")
# Section 7.3 and 8.3: the addresses, not `localhost`, which may be resolved to another.
_LOOPBACK: Final = re.compile(
    rf"http://(127\.0\.0\.1|\[::1\])(:(?P<port>[0-9]{{1,5}}))?{_AFTER_HOST}"
)
_PORT_MAX: Final = 65_535


def check_redirect_uri(uri: str, *, is_public: bool, field: str = "redirect_uris") -> None:
    """Take a redirect URI, or say why not.

    Args:
        uri: as it will be compared, character by character.
        is_public: whether the client is an application on its user's own machine.
        field: the member that it is one of.

    Raises:
        InvalidRedirectUri: it is not taken.
    """
    if len(uri) > CHARACTERS_MAX:
        raise _refused(field, f"It has at most {CHARACTERS_MAX} characters.")
    if match := _HTTPS.fullmatch(uri):
        host = match["host"]
        if not all(map(_LABEL.fullmatch, host.split("."))):
            raise _refused(field, "Its host is no name in lower case.")
        _check_port(match["port"], field)
    elif is_public and (match := _LOOPBACK.fullmatch(uri)):
        _check_port(match["port"], field)
    elif not (is_public and _PRIVATE.fullmatch(uri)):
        raise _refused(
            field,
            "It is https://host/path without user, fragment, wildcard or unusual characters;"
            " of a public client also its own scheme (com.example.app:/path) or http://127.0.0.1.",
        )
    if "/../" in f"{uri}/" or "/./" in f"{uri}/" or "%2e" in uri.lower():
        raise _refused(field, "Its path has no dot segments, which readers resolve.")


def _check_port(port: str | None, field: str) -> None:
    if port is not None and not 0 < int(port) <= _PORT_MAX:
        raise _refused(field, "Its port is none.")


def _refused(field: str, reason: str) -> InvalidRedirectUri:
    return InvalidRedirectUri(reason, field=field)
