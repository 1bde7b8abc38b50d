"""Codes of authenticator applications (RFC 6238), each time step of which is taken once."""

import base64
import os
from collections.abc import Callable
from datetime import datetime
from hmac import compare_digest
from typing import Final
from uuid import UUID

from pyotp import TOTP

SECRET_BYTES: Final = 20
STEP_S: Final = 30
DIGITS: Final = 6
_DRIFT: Final = 1
"""Steps by which the user's clock may be wrong, either way."""


def new_secret(random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    """A secret of 160 bits, as RFC 4226 recommends, in base32."""
    return base64.b32encode(random_bytes(SECRET_BYTES)).decode()


def uri_of(secret: str, issuer: str, account: str) -> str:
    """What authenticator applications read from a QR code."""
    return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step that a code is of, within one of now; None for a wrong code.

    Every step is compared, whichever is right, and the newest is told where two have one code.
    """
    digits = "".join(code.split())
    if len(digits) != DIGITS or not digits.isascii() or not digits.isdigit():
        return None
    generator = TOTP(secret)
    current = int(now.timestamp()) // STEP_S
    matching = None
    for step in range(current - _DRIFT, current + _DRIFT + 1):
        if compare_digest(generator.generate_otp(step), digits):
            matching = step
    return matching


def context_of(tenant_id: UUID, user_id: UUID) -> bytes:
    """What a secret is sealed for, so that it opens in no other user's row."""
    return f"identity_totp {tenant_id} {user_id}".encode()
