"""Logging out, where a client sends its user to (OpenID Connect RP-Initiated Logout 1.0)."""

from typing import Final

from bezant.identity.openid import LogoutRequest, LogoutRequests
from bezant.identity.pages.destinations import Place
from bezant.identity.pages.rendering import Going, Page
from bezant.identity.pages.visits import Visit
from bezant.identity.sessions.ports import BrowserSession, BrowserSessions
from bezant.identity.users import Naming

_PARAMETERS: Final = (
    "id_token_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
)


class LogoutPages:
    """Ends the browser's session: for a client that was told of it at once, else as its user says.

    Whoever merely makes a browser come here has no ID token of its session, so nobody is logged out
    by a link.
    """

    def __init__(self, requests: LogoutRequests, sessions: BrowserSessions, naming: Naming) -> None:
        self._requests = requests
        self._sessions = sessions
        self._naming = naming

    async def take(self, visit: Visit) -> Page | Going:
        """`POST logout`, by a form of a client's: on by GET, with which the cookies come along."""
        form = visit.request.form
        return Going(visit.url("logout", **{name: form.get(name) for name in _PARAMETERS}))

    async def ask(self, visit: Visit) -> Page | Going:
        """`GET logout`."""
        asked = await self._requests.read(visit.issuer, visit.request.query)
        visit, hint, session = visit.speaking(asked.locales), asked.hint, visit.session
        if hint is not None and session is not None and hint.session_id == session.id:
            await self._sessions.leave(session)
            return _onward(visit, asked)
        if hint is not None and hint.session_id is not None:
            # The session that the client knows of may have been idle for too long, or replaced;
            # in this very browser it ends nevertheless, for all who were told of it.
            await self._sessions.leave_former(
                visit.tenant_id, visit.browser, hint.user_id, hint.session_id
            )
        if session is not None:
            return await self._confirmation(visit, asked, session)
        # Without a token of ours it may be anybody who sends the browser on: the user decides.
        return _done(visit, asked) if hint is None else _onward(visit, asked)

    async def decide(self, visit: Visit) -> Page | Going:
        """`POST logout/confirm`."""
        asked = await self._requests.read(visit.issuer, _of_ours(visit))
        visit = visit.speaking(asked.locales)
        if visit.request.form.get("decision") != "leave":
            return Going(visit.url(Place.FACTORS))
        if visit.session is not None:
            await self._sessions.leave(visit.session)
        return _onward(visit, asked)

    async def done(self, visit: Visit) -> Page | Going:
        """`GET logout/done`."""
        locales = tuple(visit.request.query.get("ui_locales", "").split())
        return _message(visit.speaking(locales), None)

    async def _confirmation(
        self, visit: Visit, asked: LogoutRequest, session: BrowserSession
    ) -> Page:
        return Page(
            template="logout",
            facts={
                "who": await self._naming.who(visit.tenant_id, session.user_id),
                "client": None if asked.client is None else asked.client.name,
                "onward": asked.fields,
            },
            form_source=asked.source,
            words=visit.words,
        )


def _of_ours(visit: Visit) -> dict[str, str]:
    """What the form carried along: no ID token, as who may end the session is the user here."""
    form = visit.request.form
    return {name: form[name] for name in _PARAMETERS[1:] if name in form}


def _onward(visit: Visit, asked: LogoutRequest) -> Going:
    locales = " ".join(asked.locales)
    return Going(asked.url or visit.url("logout/done", ui_locales=locales), "")


def _done(visit: Visit, asked: LogoutRequest) -> Page:
    if asked.url is None or asked.client is None:
        return _message(visit, None)
    text = visit.words.say("logout.back", client=asked.client.name)
    return _message(visit, {"href": asked.url, "text": text})


def _message(visit: Visit, link: dict[str, str] | None) -> Page:
    say = visit.words.say
    facts = {"title": say("logout.done_title"), "text": say("logout.done"), "link": link}
    return Page(template="message", facts=facts, words=visit.words)
