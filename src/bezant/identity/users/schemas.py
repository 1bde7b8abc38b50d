"""Wire models of users."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from bezant.identity.users.domain import Role, Status, User
from bezant.kernel.http import IS_PHONE
from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Email = Annotated[str, Meta(min_length=3, max_length=254)]
Phone = Annotated[str, Meta(min_length=3, max_length=40, extra=IS_PHONE)]
Roles = Annotated[list[Role], Meta(max_length=len(Role))]


class NewUser(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/users`.

    Attributes:
        email: the login name.
        subject_id: the person, where the platform knows the person already; else a new one.
    """

    name: Name
    email: Email
    phone: Phone | None = None
    roles: Roles = []
    subject_id: UUID | None = None


class NewRoles(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/users/{user}/roles`: all that the user has from now on."""

    roles: Roles


class NewLink(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/users/{user}/links`: a one-time link, for you to send to the user."""

    kind: Literal["invitation", "reset"]


class IssuedLink(Sensitive, Struct, frozen=True):
    """A one-time link, in the place of every earlier one of its kind.

    Attributes:
        link: what follows `/link/` in its address; null in the replay of an answer, since it is
            kept nowhere.
    """

    user_id: UUID
    kind: str
    expires_at: datetime
    link: str | None


class InvitedUser(Sensitive, Struct, frozen=True):
    """A new user and the link that invites them.

    Attributes:
        link: as of `IssuedLink`.
        expires_at: the link's end.
    """

    user: User
    expires_at: datetime
    link: str | None


class Opening(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of `GET /v1/users/{user}`."""

    purpose: Purpose


class OpenedUser(Sensitive, Struct, frozen=True):
    """A user with the values; None for what was never given or is erased."""

    id: UUID
    subject_id: UUID
    status: Status
    roles: list[Role]
    row_version: int
    name: str | None
    email: str | None
    phone: str | None
    created_at: datetime
    changed_at: datetime


class Users(Struct, frozen=True):
    """A page of users, oldest first."""

    users: list[User]
    next: str | None
