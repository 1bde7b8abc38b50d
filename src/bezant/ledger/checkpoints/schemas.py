"""Wire models of checkpoints."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

OVERLAP_S_DEFAULT: Final = 24 * 3600
OVERLAP_S_MAX: Final = 30 * 24 * 3600

Base64 = Annotated[str, Meta(pattern="^[A-Za-z0-9+/]{43}=$", description="32 bytes in base64.")]


class CheckpointKey(Struct, frozen=True):
    """A key that signs checkpoints. `expires_at` is when it stops; what it signed stays signed."""

    id: UUID
    public_key: Base64
    created_at: datetime
    expires_at: datetime | None


class CheckpointKeys(Struct, frozen=True):
    """Every key that ever signed for the tenant, oldest first."""

    checkpoint_keys: list[CheckpointKey]


class KeyRotation(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/checkpoint-keys/rotate`. For `overlap_s` seconds the old keys sign too."""

    overlap_s: Annotated[int, Meta(ge=0, le=OVERLAP_S_MAX)] = OVERLAP_S_DEFAULT


class Replaces(Struct, frozen=True):
    """Checkpoints that an operator declared void, by their numbers."""

    first: int
    last: int


class Checkpoint(Struct, frozen=True):
    """The head of a book's log as it was signed.

    Attributes:
        size: of the log, in batches.
        seq: the last number of the book's feed in it.
        note: what was signed and the signatures: keep this.
        replaces: None as a rule.
    """

    number: int
    size: int
    seq: int
    root: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    signed_at: datetime
    note: str
    replaces: Replaces | None


class Checkpoints(Struct, frozen=True):
    """A page of a book's checkpoints, oldest first."""

    checkpoints: list[Checkpoint]
    next: str | None
