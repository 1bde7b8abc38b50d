"""The routes of roles."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.identity.policy.roles.errors import NoRoles, OwnRoles
from bezant.identity.policy.roles.schemas import RolesOfUser, SetRoles
from bezant.identity.policy.roles.service import RoleService
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing

READ: Final = "roles:read"
WRITE: Final = "roles:write"

_ROLES: Final = "/v1/users/{user}/roles"


class UserPath(Struct, frozen=True):
    """A user."""

    user: UUID


class Routes:
    """The handlers."""

    def __init__(self, roles: RoleService) -> None:
        self._roles = roles

    async def read(self, asked: Reading[UserPath, Nothing]) -> RolesOfUser:
        """`GET /v1/users/{user}/roles`."""
        return await self._roles.read(asked.principal.tenant_id, asked.path.user)

    async def assign(self, asked: Writing[UserPath, SetRoles]) -> Answer:
        """`PUT /v1/users/{user}/roles`."""
        return await self._roles.assign(
            asked.call, asked.path.user, asked.body.roles, caller=asked.principal.user_id
        )


def operations(roles: RoleService) -> Sequence[Operation]:
    """The operations on roles."""
    routes = Routes(roles)
    return [
        ReadOperation(
            id="read_roles",
            path=_ROLES,
            tag="roles",
            summary="A user's roles",
            scope=READ,
            path_type=UserPath,
            answer_type=RolesOfUser,
            refusals=(NoRoles,),
            handler=routes.read,
        ),
        WriteOperation(
            id="set_roles",
            path=_ROLES,
            tag="roles",
            summary="Set a user's roles",
            description="A person needs another's approval for it, and never sets their own.",
            scope=WRITE,
            action="user.set_roles",
            method="PUT",
            path_type=UserPath,
            body_type=SetRoles,
            example={"roles": ["operations", "support"]},
            answer_type=RolesOfUser,
            refusals=(OwnRoles,),
            handler=routes.assign,
        ),
    ]
