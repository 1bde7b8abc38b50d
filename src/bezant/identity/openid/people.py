"""Claims about people, opened from what the platform has sealed of its users."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from bezant.identity.users import UserService, errors, notices
from bezant.kernel.ids import Ids


class UserClaims:
    """Implements `People`. The audit log knows of each opening, as the user's own wish."""

    def __init__(self, users: UserService, ids: Ids) -> None:
        self._users = users
        self._ids = ids

    async def claims(
        self, tenant_id: UUID, user_id: UUID, names: Collection[str]
    ) -> Mapping[str, Any]:
        """See `People`."""
        if not names:
            return {}
        call = notices.call_of(self._ids, tenant_id, user_id, "userinfo.read")
        try:
            user = await self._users.open(call, user_id)
        except errors.UserNotFound:
            return {}
        known = {"name": user.name, "email": user.email, "phone_number": user.phone}
        return {name: known[name] for name in names if known.get(name) is not None}
