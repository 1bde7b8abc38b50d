"""What goes over the wire of rotations."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import Meta, Struct

KEPT_DAYS: Final = 35
"""How long a version outlives its last use, for the backups that need it."""

Kind = Annotated[
    str,
    Meta(
        pattern=r"^(tenant|data|fingerprint|requests|index:[a-z0-9_.]{1,100})\Z",
        description="`tenant` wraps the keys of subjects, `data` are those of subjects, "
        "`fingerprint`, `requests` and `index:` with the field's name make digests.",
        examples=["data"],
    ),
]
Reason = Annotated[str, Meta(min_length=1, max_length=200)]
KeyState = Literal["active", "restore_only", "destroyed"]


class NewRotation(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/vault/rotations`.

    Attributes:
        subject_id: of `data`, whose keys; null for every subject's.
    """

    kind: Kind
    subject_id: UUID | None = None


class Rotation(Struct, frozen=True):
    """A rotation and how far it is.

    Attributes:
        total: how much there was to do when it began.
        done: how much was moved to the new version.
        failed: what could not be opened and stays under the old version, which is kept for it.
        last_error: why it does not go on now.
    """

    id: UUID
    kind: str
    subject_id: UUID | None
    from_version: str | None
    to_version: str | None
    state: Literal["running", "done"]
    total: int
    done: int
    failed: int
    started_at: datetime
    ended_at: datetime | None
    last_error: str | None


class Rotations(Struct, frozen=True):
    """A page of rotations, the newest first."""

    rotations: list[Rotation]
    next: str | None


class KeyVersion(Struct, frozen=True):
    """A version of a key.

    Attributes:
        emptied_at: since when only backups need it.
        destroyable_at: when no backup needs it any more.
    """

    kind: str
    version: str
    state: KeyState
    created_at: datetime
    emptied_at: datetime | None
    destroyable_at: datetime | None


class KeyVersions(Struct, frozen=True):
    """The versions of a tenant's keys.

    Attributes:
        subjects: how many versions of keys of subjects are in each state.
    """

    keys: list[KeyVersion]
    subjects: dict[KeyState, int]


class KeyDestruction(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/vault/keys/destroy`.

    Attributes:
        version: of a key of the tenant; left out for `data`, where every version goes that nothing
            needs.
        subject_id: of `data`, whose keys; null for every subject's.
        reason: destroys it although backups may need it.
    """

    kind: Kind
    version: Annotated[int, Meta(ge=1)] | None = None
    subject_id: UUID | None = None
    reason: Reason | None = None


class DestroyedKeys(Struct, frozen=True):
    """How many versions were destroyed by this; none where they were before."""

    destroyed: int
