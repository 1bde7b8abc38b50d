"""Consent: what a client asks for, in plain words, and the user's answer."""

from datetime import datetime, timedelta
from uuid import UUID

from bezant.identity.authorization import (
    Interaction,
    InteractionOver,
    Interactions,
    LoginTooWeak,
)
from bezant.identity.logins import Login
from bezant.identity.pages.onward import browser_of, find
from bezant.identity.pages.rendering import Going, Page
from bezant.identity.pages.sentences import sentences
from bezant.identity.pages.visits import Visit
from bezant.identity.sessions.ports import BrowserSessions
from bezant.identity.users import Naming
from bezant.kernel.clock import Clock


class ConsentPages:
    """The page on which a user decides."""

    def __init__(
        self,
        interactions: Interactions,
        sessions: BrowserSessions,
        naming: Naming,
        clock: Clock,
    ) -> None:
        self._interactions = interactions
        self._sessions = sessions
        self._naming = naming
        self._clock = clock

    async def ask(self, visit: Visit) -> Page | Going:
        """`GET interactions/{interaction}`: by way of the login, where one is needed."""
        interaction = await find(visit, self._interactions, _id(visit))
        visit = visit.speaking(interaction.locales)
        if visit.session is None:
            return Going(visit.url("login", to=str(interaction.id)))
        is_other = interaction.subject not in {None, visit.session.user_id}
        if not is_other and not suffices(interaction, visit.session.login, self._clock.now()):
            return Going(visit.url("login/again", to=str(interaction.id)))
        who = await self._naming.who(visit.tenant_id, visit.session.user_id)
        return _other(visit, interaction, who) if is_other else _page(visit, interaction, who)

    async def decide(self, visit: Visit) -> Page | Going:
        """`POST interactions/{interaction}`."""
        interaction_id, browser = _id(visit), browser_of(visit)
        match visit.request.form.get("decision"):
            case "refuse":
                return Going(
                    await self._interactions.refuse(visit.tenant_id, interaction_id, browser)
                )
            case "allow" if visit.session is not None:
                try:
                    return Going(
                        await self._interactions.approve(
                            visit.tenant_id, interaction_id, browser, visit.session.login
                        )
                    )
                except LoginTooWeak:
                    return Going(visit.url(f"interactions/{interaction_id}"))
            case "switch" if visit.session is not None:
                await self._sessions.leave(visit.session)
                return Going(visit.url("login", to=str(interaction_id)), "")
            case _:
                return Going(visit.url(f"interactions/{interaction_id}"))


def suffices(interaction: Interaction, login: Login, now: datetime) -> bool:
    """Whether a login is what the client asked for. The authorization endpoint decides; we ask."""
    if not login.acr.satisfies(interaction.acr):
        return False
    if interaction.subject not in {None, login.user_id}:
        return False
    age_max_s = interaction.max_age_s
    if "login" in interaction.prompts or age_max_s == 0:
        return login.at >= interaction.begun_at
    return age_max_s is None or now - login.at <= timedelta(seconds=age_max_s)


def _id(visit: Visit) -> UUID:
    try:
        return UUID(visit.request.path["interaction"])
    except ValueError:
        raise InteractionOver("There is nothing to decide.") from None


def _other(visit: Visit, interaction: Interaction, who: str) -> Page:
    """The client knows its user, who is another than the one who is logged in here."""
    return Page(
        template="other",
        facts={"client": interaction.client_name, "who": who},
        form_source=interaction.redirect_source,
        words=visit.words,
    )


def _page(visit: Visit, interaction: Interaction, who: str) -> Page:
    until = interaction.granted_until
    return Page(
        template="consent",
        facts={
            "client": interaction.client_name,
            "who": who,
            "asked": sentences(visit.words, interaction.scopes, interaction.details),
            "until": visit.words.date(until) if until else None,
            "redirect_host": interaction.redirect_host,
        },
        form_source=interaction.redirect_source,
        words=visit.words,
    )
