"""The routes of users."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.identity.users.domain import User
from bezant.identity.users.errors import (
    LinkNotFitting,
    LoginNameTaken,
    UserDisabled,
    UserNotFound,
)
from bezant.identity.users.schemas import (
    InvitedUser,
    IssuedLink,
    NewLink,
    NewRoles,
    NewUser,
    OpenedUser,
    Opening,
    Users,
)
from bezant.identity.users.service import UserService
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.kernel.sealed import (
    REFUSALS,
    FieldValueRefused,
    InvalidSealedValue,
    SubjectErased,
    SubjectRestricted,
    TooManySearches,
)

READ: Final = "users:read"
WRITE: Final = "users:write"

_TAG: Final = "users"
_USERS: Final = "/v1/users"
_USER: Final = f"{_USERS}/{{user}}"


class UserPath(Struct, frozen=True):
    """A user."""

    user: UUID


class Routes:
    """The handlers."""

    def __init__(self, users: UserService) -> None:
        self._users = users

    async def invite(self, asked: Writing[Nothing, NewUser]) -> Answer:
        """`POST /v1/users`."""
        return await self._users.invite(asked.call, asked.body)

    async def page(self, asked: Reading[Nothing, Page]) -> Users:
        """`GET /v1/users`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _USERS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._users.page(tenant_id, after=after, limit=limit),
        )

    async def open(self, asked: Reading[UserPath, Opening]) -> OpenedUser:
        """`GET /v1/users/{user}`."""
        call = asked.call("user.open", asked.query.purpose)
        return await self._users.open(call, asked.path.user)

    async def disable(self, asked: Writing[UserPath, Nothing]) -> Answer:
        """`POST /v1/users/{user}/disable`."""
        return await self._users.disable(asked.call, asked.path.user)

    async def set_roles(self, asked: Writing[UserPath, NewRoles]) -> Answer:
        """`POST /v1/users/{user}/roles`."""
        return await self._users.set_roles(asked.call, asked.path.user, asked.body)

    async def issue_link(self, asked: Writing[UserPath, NewLink]) -> Answer:
        """`POST /v1/users/{user}/links`."""
        return await self._users.issue_link(asked.call, asked.path.user, asked.body)


def operations(users: UserService) -> Sequence[Operation]:
    """The operations on users."""
    routes = Routes(users)
    return [_inviting(routes), *_changing(routes), *_reading(routes)]


def _inviting(routes: Routes) -> Operation:
    return WriteOperation(
        id="invite_user",
        path=_USERS,
        tag=_TAG,
        summary="Make a user, and a one-time link that invites them",
        description=(
            "You send the link to the user, who chooses a password with it. The link is in this"
            " answer only; a replay of the request has null."
        ),
        scope=WRITE,
        action="user.invite",
        body_type=NewUser,
        example={"name": "Ada Lovelace", "email": "ada@example.com", "roles": ["operations"]},
        status=201,
        answer_type=InvitedUser,
        refusals=(
            *REFUSALS,
            FieldValueRefused,
            InvalidSealedValue,
            LoginNameTaken,
            SubjectErased,
            TooManySearches,
        ),
        handler=routes.invite,
    )


def _changing(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="disable_user",
            path=f"{_USER}/disable",
            tag=_TAG,
            summary="Let a user in no more",
            description="Every session and link ends.",
            scope=WRITE,
            action="user.disable",
            path_type=UserPath,
            body_type=Nothing,
            example={},
            answer_type=User,
            refusals=(UserNotFound,),
            handler=routes.disable,
        ),
        WriteOperation(
            id="set_user_roles",
            path=f"{_USER}/roles",
            tag=_TAG,
            summary="Give a user these roles and no others",
            scope=WRITE,
            action="user.set_roles",
            path_type=UserPath,
            body_type=NewRoles,
            example={"roles": ["compliance", "auditor"]},
            answer_type=User,
            refusals=(UserNotFound,),
            handler=routes.set_roles,
        ),
        WriteOperation(
            id="issue_user_link",
            path=f"{_USER}/links",
            tag=_TAG,
            summary="Make a one-time link for a user",
            description=(
                "An invitation, for who has not used theirs; or a reset of the password, as when"
                " you are told of `user.recovery_asked`. It takes the place of the former one. A"
                " reset bypasses no other factor."
            ),
            scope=WRITE,
            action="user.issue_link",
            path_type=UserPath,
            body_type=NewLink,
            example={"kind": "invitation"},
            status=201,
            answer_type=IssuedLink,
            refusals=(LinkNotFitting, UserDisabled, UserNotFound),
            handler=routes.issue_link,
        ),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_users",
            path=_USERS,
            tag=_TAG,
            summary="Your users, oldest first, without their values",
            scope=READ,
            query_type=Page,
            answer_type=Users,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="open_user",
            path=_USER,
            tag=_TAG,
            summary="A user with the values",
            description="The audit log has an entry for every value before the answer is sent.",
            scope=READ,
            path_type=UserPath,
            query_type=Opening,
            answer_type=OpenedUser,
            refusals=(*REFUSALS, SubjectRestricted, UserNotFound),
            handler=routes.open,
        ),
    ]
