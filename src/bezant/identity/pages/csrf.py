"""Tokens against forged requests (CSRF).

A form's token is a keyed digest under the browser's own cookies, which are random, not readable by
scripts, and under `__Host-` names that no other host can set. Whoever can make a browser send a
form knows neither, so no key of the server's is needed; and as the session's cookie is part of the
key, a form does not outlive the login or logout under which it was made.
"""

import base64
import hashlib
import hmac


def csrf_token(device: str, session: str | None) -> str:
    """The token of a browser's forms."""
    key = f"{device}\n{session or ''}".encode()
    digest = hmac.new(key, b"bezant form 1", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_right(token: str, device: str, session: str | None) -> bool:
    """Whether a form came from a page of ours in this browser."""
    return hmac.compare_digest(token.encode(), csrf_token(device, session).encode())
