"""One's own account: ways to log in, and where one is logged in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import segno

from bezant.identity.factors.domain import Factor
from bezant.identity.factors.errors import (
    FactorNotFound,
    FreshLoginNeeded,
    PasswordRefused,
    ProofRefused,
    TooManyFactors,
)
from bezant.identity.pages.destinations import Destination, Place
from bezant.identity.pages.rendering import FormError, Going, Page
from bezant.identity.pages.visits import Handler, Visit
from bezant.identity.sessions.errors import TicketOver
from bezant.identity.sessions.ports import BrowserSession, BrowserSessions, FactorKeeper

NOTES: Final = frozenset({"password-changed", "enrolled", "removed", "ended", "second-needed"})


def with_fresh_login(place: Place, handle: Handler) -> Handler:
    """By way of a new login, where a change needs one; it leads back to the page of the change."""

    async def handler(visit: Visit) -> Page | Going:
        try:
            return await handle(visit)
        except FreshLoginNeeded as refusal:
            return Going(visit.url("login/again", to=place, acr=refusal.needed))

    return handler


class AccountPages:
    """The pages of a user who is logged in."""

    def __init__(self, factors: FactorKeeper, sessions: BrowserSessions) -> None:
        self._factors = factors
        self._sessions = sessions

    async def factors(self, visit: Visit) -> Page | Going:
        """`GET account`."""
        return await self._factors_page(visit)

    async def remove(self, visit: Visit) -> Page | Going:
        """`POST account/remove`."""
        try:
            await self._factors.remove(visit.insider, _id(visit.request.form.get("factor")))
        except FactorNotFound as refusal:
            return _declined(await self._factors_page(visit), visit.error(refusal))
        return Going(_back(visit, "removed"))

    async def ask_password(self, visit: Visit) -> Page | Going:
        """`GET account/password`."""
        _ = visit.insider
        return _page("password", "factors")

    async def change_password(self, visit: Visit) -> Page | Going:
        """`POST account/password`."""
        password = visit.request.form.get("password")
        if password is None:
            error = FormError(visit.words.say("form.missing"), "password")
            return _declined(_page("password", "factors"), error)
        try:
            await self._factors.change_password(visit.insider, password)
        except PasswordRefused as refusal:
            return _declined(_page("password", "factors"), visit.error(refusal, "password"))
        return Going(_back(visit, "password-changed"))

    async def begin_totp(self, visit: Visit) -> Page | Going:
        """`GET account/totp`: a new secret, as a picture and as text."""
        offer = await self._factors.begin_totp(visit.insider)
        picture = segno.make_qr(offer.uri, error="m").svg_data_uri(border=2, light="#fff")
        grouped = " ".join(offer.secret[at : at + 4] for at in range(0, len(offer.secret), 4))
        return _totp(visit, offer.ticket, {"secret": grouped, "qr": picture})

    async def confirm_totp(self, visit: Visit) -> Page | Going:
        """`POST account/totp`."""
        form = visit.request.form
        ticket = form.get("ticket", "")
        try:
            await self._factors.confirm_totp(visit.insider, ticket, form.get("totp", ""))
        except ProofRefused as refusal:
            return _declined(_totp(visit, ticket, {"secret": ""}), visit.error(refusal, "totp"))
        except TicketOver:
            return Going(visit.url(Place.TOTP, to=_to(visit)))
        return Going(_back(visit, "enrolled"))

    async def begin_passkey(self, visit: Visit) -> Page | Going:
        """`GET account/passkey`."""
        try:
            return await self._passkey(visit)
        except TooManyFactors as refusal:
            return _declined(await self._factors_page(visit), visit.error(refusal))

    async def confirm_passkey(self, visit: Visit) -> Page | Going:
        """`POST account/passkey`."""
        try:
            credential = visit.request.form.get("credential", "")
            await self._factors.confirm_passkey(visit.insider, credential)
        except (ProofRefused, TicketOver) as refusal:
            return _declined(await self._passkey(visit), visit.error(refusal))
        return Going(_back(visit, "enrolled"))

    async def ask_recovery_codes(self, visit: Visit) -> Page | Going:
        """`GET account/recovery-codes`."""
        _ = visit.insider
        return _recovery(visit, ())

    async def new_recovery_codes(self, visit: Visit) -> Page | Going:
        """`POST account/recovery-codes`: shown in this answer, and never again."""
        return _recovery(visit, await self._factors.new_recovery_codes(visit.insider))

    async def sessions(self, visit: Visit) -> Page | Going:
        """`GET account/sessions`."""
        here = visit.insider
        sessions = [_session(visit, each, here) for each in await self._sessions.list(here)]
        return _page("sessions", "sessions", sessions=sessions, note=_note(visit))

    async def end_session(self, visit: Visit) -> Page | Going:
        """`POST account/sessions`."""
        await self._sessions.revoke(visit.insider, _id(visit.request.form.get("session")))
        return Going(visit.url(Place.SESSIONS, note="ended"))

    async def leave(self, visit: Visit) -> Page | Going:
        """`POST account/leave`."""
        if visit.session is not None:
            await self._sessions.leave(visit.session)
        return Going(visit.url("login", note="left"), "")

    async def _factors_page(self, visit: Visit) -> Page:
        factors = [_factor(visit, each) for each in await self._factors.list(visit.insider)]
        waiting = Destination.read(_to(visit))
        go_on = waiting.url(visit.issuer) if waiting.interaction_id else None
        facts = {"factors": factors, "note": _note(visit), "go_on": go_on, "query": _query(visit)}
        return _page("factors", "factors", **facts)

    async def _passkey(self, visit: Visit) -> Page:
        options = await self._factors.begin_passkey(visit.insider)
        return _page(
            "passkey",
            "factors",
            options=options,
            onward={"to": _to(visit)},
            query=_query(visit),
        )


def _page(template: str, here: str, **facts: Any) -> Page:  # noqa: ANN401 - what templates read
    return Page(template=template, facts={"here": here, **facts})


def _totp(visit: Visit, ticket: str, offer: Mapping[str, str]) -> Page:
    onward = {"to": _to(visit), "ticket": ticket}
    return _page("totp", "factors", **offer, onward=onward, query=_query(visit))


def _recovery(visit: Visit, codes: Sequence[str]) -> Page:
    onward, query = {"to": _to(visit)}, _query(visit)
    return _page("recovery", "factors", codes=codes, onward=onward, query=query)


def _declined(page: Page, error: FormError) -> Page:
    return replace(page, errors=[error], status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _factor(visit: Visit, factor: Factor) -> Mapping[str, Any]:
    date, used = visit.words.date, factor.last_used_at
    return {
        "id": str(factor.id),
        "method": factor.method.value,
        "since": date(factor.created_at),
        "last_used": date(used) if used else None,
        "count": factor.count,
        "is_flagged": factor.flagged_at is not None,
    }


def _session(visit: Visit, session: BrowserSession, here: BrowserSession) -> Mapping[str, Any]:
    date = visit.words.date
    return {
        "id": str(session.id),
        "is_here": session.id == here.id,
        "since": date(session.created_at),
        "last_used": date(session.last_used_at),
        "until": date(session.expires_at),
        "proven": [method.value for method in session.proven],
    }


def _id(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise FactorNotFound("There is nothing of this id.") from None


def _to(visit: Visit) -> str:
    """The request that waits while a factor is enrolled, to be carried along."""
    given = visit.request.query if visit.request.method == "GET" else visit.request.form
    waiting = Destination.read(given.get("to"))
    return str(waiting) if waiting.interaction_id else ""


def _query(visit: Visit) -> str:
    to = _to(visit)
    return f"?{urlencode({'to': to})}" if to else ""


def _back(visit: Visit, note: str) -> str:
    """The list of factors."""
    return visit.url(Place.FACTORS, to=_to(visit), note=note)


def _note(visit: Visit) -> str:
    note = visit.request.query.get("note", "")
    return note if note in NOTES else ""
