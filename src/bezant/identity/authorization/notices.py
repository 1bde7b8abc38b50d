"""What a browser is shown where nothing may redirect it.

A request that is wrong sends nobody anywhere: its redirect URI is not known to be the client's
(RFC 6749, section 4.1.2.1; RFC 9700, section 4.11).
"""

from typing import Final

from bezant.identity.http import ProtocolAnswer

_HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)

# All of the text is ours: nothing of the request is repeated, so nothing needs to be escaped.
_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""


def notice(title: str, text: str, status: int) -> ProtocolAnswer:
    """A page of two sentences."""
    return ProtocolAnswer.page(_PAGE.format(title=title, text=text), _HEADERS, status)
