"""Request headers, of which each that is read may come once."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from bezant.kernel.errors import Malformed, Unauthenticated
from bezant.kernel.http.card_numbers import refuse_in_text
from bezant.kernel.http.errors import IdempotencyKeyInvalid, IdempotencyKeyRequired

IDEMPOTENCY_KEY_CHARACTERS_MAX: Final = 255

READ_AFTER_PATTERN: Final = "[0-9]{1,18}"

_READ_AFTER: Final = re.compile(READ_AFTER_PATTERN.encode())
_VISIBLE_ASCII: Final = bytes(range(0x21, 0x7F))


class Headers:
    """The headers of one request, as ASGI gives them: names in lower case."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self._pairs = pairs

    def one(self, name: bytes) -> bytes | None:
        """The value of a header that may come once.

        Raises:
            Malformed: it came more often, and readers may disagree on which counts.
        """
        values = self.every(name)
        if len(values) > 1:
            raise Malformed(f"The header {name.decode()} came more than once.")
        return values[0] if values else None

    def lines(self) -> Mapping[str, Sequence[str]]:
        """The values of every header's lines, in their order."""
        found: dict[str, list[str]] = {}
        for name, value in self._pairs:
            found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        return found

    def authorization(self) -> tuple[str, str]:
        """The scheme, in lower case, and the token of `Authorization` (RFC 9110, section 11.6.2).

        Raises:
            Unauthenticated: none, several, or without a token.
        """
        values = self.every(b"authorization")
        # Latin-1 decodes any bytes; a token that is not ASCII then matches nobody's.
        text = values[0].decode("latin-1") if len(values) == 1 else ""
        scheme, _, token = text.partition(" ")
        if not token.strip(" "):
            raise Unauthenticated("Send one header `Authorization` with a scheme and a token.")
        return scheme.lower(), token.strip(" ")

    def idempotency_key(self) -> str:
        """The caller's key for this request.

        Raises:
            IdempotencyKeyRequired: absent.
            IdempotencyKeyInvalid: not 1 to 255 visible ASCII characters, or several.
            CardNumberMisplaced: it holds a card number.
        """
        values = self.every(b"idempotency-key")
        if not values:
            raise IdempotencyKeyRequired(
                "Send Idempotency-Key with every request that changes state."
            )
        key = values[0]
        refuse_in_text(key.decode("latin-1"))
        is_sane = len(values) == 1 and 0 < len(key) <= IDEMPOTENCY_KEY_CHARACTERS_MAX
        if not is_sane or key.translate(None, _VISIBLE_ASCII):
            raise IdempotencyKeyInvalid(
                f"Send 1 to {IDEMPOTENCY_KEY_CHARACTERS_MAX} visible ASCII characters, once."
            )
        return key.decode()

    def approval(self) -> UUID | None:
        """The approval that the caller wants to spend on this request.

        Raises:
            Malformed: no identifier, or several.
        """
        value = self.one(b"bezant-approval")
        if value is None:
            return None
        try:
            return UUID(value.decode("ascii"))
        except ValueError:
            raise Malformed("Bezant-Approval takes the identifier of an approval.") from None

    def read_after(self) -> int | None:
        """The `seq` that the caller has seen, if it may be answered by a replica.

        Raises:
            Malformed: no decimal number of at most 18 digits, or several.
        """
        value = self.one(b"bezant-read-after")
        if value is None:
            return None
        if not _READ_AFTER.fullmatch(value):
            raise Malformed("Bezant-Read-After takes a `seq`: 1 to 18 digits.")
        return int(value)

    def last_event_id(self) -> int | None:
        """The last event that the caller has of a stream that was cut off.

        Raises:
            Malformed: no decimal number of at most 18 digits, or several.
        """
        value = self.one(b"last-event-id")
        if value is None:
            return None
        if not _READ_AFTER.fullmatch(value):
            raise Malformed("Last-Event-ID takes the `id` of an event: 1 to 18 digits.")
        return int(value)

    def every(self, name: bytes) -> list[bytes]:
        """The values of a header, each line's."""
        return [value for other, value in self._pairs if other == name]
