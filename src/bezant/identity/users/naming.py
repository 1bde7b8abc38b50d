"""What users are called: on the pages that say who is logged in, and by clients' hints."""

from uuid import UUID

from bezant.identity.users.errors import UserNotFound
from bezant.identity.users.notices import call_of
from bezant.identity.users.schemas import OpenedUser
from bezant.identity.users.service import UserService
from bezant.kernel.ids import Ids


class Naming:
    """Opens names. The audit log knows of each opening, as the user's own wish."""

    def __init__(self, users: UserService, ids: Ids) -> None:
        self._users = users
        self._ids = ids

    async def who(self, tenant_id: UUID, user_id: UUID) -> str:
        """A user's name and login name, as far as the vault still has them."""
        user = await self._open(tenant_id, user_id)
        if user is None or user.email is None:
            return str(user_id)
        return user.email if user.name is None else f"{user.name} ({user.email})"

    async def is_called(self, tenant_id: UUID, user_id: UUID, name: str) -> bool:
        """Whether a user logs in under a name, however it is capitalized."""
        user = await self._open(tenant_id, user_id)
        email = None if user is None else user.email
        return email is not None and email.casefold() == name.strip().casefold()

    async def _open(self, tenant_id: UUID, user_id: UUID) -> OpenedUser | None:
        try:
            return await self._users.open(
                call_of(self._ids, tenant_id, user_id, "user.name"), user_id
            )
        except UserNotFound:
            return None
