"""Where a sealed value belongs, as bytes that its ciphertext is bound to."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

_DOMAIN: Final = b"bezant vault value 1"
_LENGTH_BYTES: Final = 4
_VERSION_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Context:
    """The one place in which a value opens.

    Attributes:
        field: what the domain calls the field, such as `party.email`.
        reference: the random identifier that the domain holds instead of the value.
        key_version: of the subject's data key.
    """

    tenant_id: UUID
    subject_id: UUID
    field: str
    reference: UUID
    key_version: int

    def __post_init__(self) -> None:
        assert self.field
        assert self.key_version >= 1

    def canonical(self) -> bytes:
        """Associated data: equal for equal contexts only."""
        return length_prefixed(
            _DOMAIN,
            self.tenant_id.bytes,
            self.subject_id.bytes,
            self.field.encode(),
            self.reference.bytes,
            self.key_version.to_bytes(_VERSION_BYTES, "big"),
        )


def length_prefixed(*parts: bytes) -> bytes:
    """Parts in one row of bytes that no other parts make.

    Each is led by its length, so that nothing moves over a boundary: `ab|c` differs from `a|bc`.
    """
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)
