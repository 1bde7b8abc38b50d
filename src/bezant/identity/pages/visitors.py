"""Who is logged in, for the authorization endpoint when it may ask nobody."""

from uuid import UUID

from bezant.identity.http import ProtocolRequest
from bezant.identity.logins import Login
from bezant.identity.pages.visits import DEVICE_COOKIE, SESSION_COOKIE
from bezant.identity.sessions.errors import SessionEnded
from bezant.identity.sessions.ports import Browser, BrowserSessions
from bezant.identity.users import Naming


class CookieVisitors:
    """Implements `Visitors` by the cookies of the pages."""

    def __init__(self, sessions: BrowserSessions, naming: Naming) -> None:
        self._sessions = sessions
        self._naming = naming

    async def login(self, request: ProtocolRequest) -> Login | None:
        """What was proven in the browser's session. See `Visitors`."""
        device = request.cookies.get(DEVICE_COOKIE)
        cookie = request.cookies.get(SESSION_COOKIE)
        if device is None or cookie is None:
            return None
        browser = Browser(device, request.address)
        try:
            session = await self._sessions.find(request.issuer.tenant_id, browser, cookie)
        except SessionEnded:
            return None
        return session.login

    async def is_called(self, tenant_id: UUID, user_id: UUID, name: str) -> bool:
        """Whether a user logs in under a name. See `Visitors`."""
        return await self._naming.is_called(tenant_id, user_id, name)
