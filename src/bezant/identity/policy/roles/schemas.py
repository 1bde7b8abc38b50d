"""Wire models of roles."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.identity.policy.domain import Role


class SetRoles(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /v1/users/{user}/roles`: all that the user has from now on; none ends all."""

    roles: Annotated[list[Role], Meta(max_length=len(Role))]


class RolesOfUser(Struct, frozen=True):
    """The roles of a user, sorted."""

    user_id: UUID
    roles: list[Role]
