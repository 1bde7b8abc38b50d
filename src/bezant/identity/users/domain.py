"""Users: people who log in."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class Role(StrEnum):
    """What a user may do for their tenant. The policies say what each of them comes to."""

    OWNER = "owner"
    OPERATIONS = "operations"
    COMPLIANCE = "compliance"
    SUPPORT = "support"
    DEVELOPER = "developer"
    AUDITOR = "auditor"


class Status(StrEnum):
    """Whether a user can log in."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class User(Struct, frozen=True):
    """A user without what identifies the person: references to it.

    Attributes:
        subject_id: the person, for export, restriction and erasure.
        roles: in the order of their names.
        row_version: grows with every change.
    """

    id: UUID
    subject_id: UUID
    status: Status
    roles: list[Role]
    row_version: int
    name_ref: UUID
    email_ref: UUID
    phone_ref: UUID | None
    created_at: datetime
    changed_at: datetime

    def references(self) -> dict[str, UUID]:
        """References by the member that carries the value."""
        held = {"name": self.name_ref, "email": self.email_ref, "phone": self.phone_ref}
        return {member: reference for member, reference in held.items() if reference is not None}
