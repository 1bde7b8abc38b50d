"""Logging in: a name and a password or a passkey, then what else is needed, then onward."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from bezant.identity.authorization import Interactions
from bezant.identity.factors.domain import PASSKEYS, Method
from bezant.identity.pages.onward import Onward
from bezant.identity.pages.rendering import FormError, Going, Page
from bezant.identity.pages.visits import Visit, retry_after
from bezant.identity.sessions.errors import LoginRefused, TicketOver, TooManyAttempts
from bezant.identity.sessions.ports import Doorkeeper, Step
from bezant.kernel.errors import Refusal

NOTES: Final = frozenset({"left", "password-set"})

_Said = Page | Going


class LoginPages:
    """The pages that let users in."""

    def __init__(self, doorkeeper: Doorkeeper, interactions: Interactions) -> None:
        self._doorkeeper = doorkeeper
        self._interactions = interactions

    async def ask(self, visit: Visit) -> _Said:
        """`GET login`."""
        onward = await Onward.of(visit, self._interactions)
        return await self._login(onward.speaking(visit), onward)

    async def with_password(self, visit: Visit) -> _Said:
        """`POST login`."""
        onward = await Onward.of(visit, self._interactions)
        visit, form = onward.speaking(visit), visit.request.form
        missing = [
            FormError(visit.words.say("form.missing"), field)
            for field in ("name", "password")
            if field not in form
        ]
        if missing:
            return await self._login(visit, onward, errors=missing)
        try:
            step = await self._doorkeeper.with_password(
                visit.tenant_id, visit.browser, form["name"], form["password"], onward.acr
            )
        except (LoginRefused, TooManyAttempts) as refusal:
            return await self._login(visit, onward, refusal)
        return await self.go_on(visit, onward, step)

    async def with_passkey(self, visit: Visit) -> _Said:
        """`POST login/passkey`, first or second."""

        async def prove(onward: Onward) -> Step:
            form = visit.request.form
            return await self._doorkeeper.with_passkey(
                visit.tenant_id,
                visit.browser,
                form.get("credential", ""),
                onward.acr,
                form.get("ticket"),
            )

        return await self._second(visit, prove, "")

    async def with_totp(self, visit: Visit) -> _Said:
        """`POST login/totp`."""

        async def prove(_: Onward) -> Step:
            form = visit.request.form
            return await self._doorkeeper.with_totp(
                visit.tenant_id, visit.browser, form.get("ticket", ""), form.get("totp", "")
            )

        return await self._second(visit, prove, "totp")

    async def with_recovery_code(self, visit: Visit) -> _Said:
        """`POST login/recovery`."""

        async def prove(_: Onward) -> Step:
            form = visit.request.form
            return await self._doorkeeper.with_recovery_code(
                visit.tenant_id, visit.browser, form.get("ticket", ""), form.get("recovery", "")
            )

        return await self._second(visit, prove, "recovery")

    async def again(self, visit: Visit) -> _Said:
        """`GET login/again`: a stronger or a newer login in a session."""
        onward = await Onward.of(visit, self._interactions)
        step = await self._doorkeeper.again(
            visit.insider, visit.browser, onward.acr, onward.max_age_s
        )
        return await self.go_on(onward.speaking(visit), onward, step)

    async def ask_forgotten(self, visit: Visit) -> _Said:  # noqa: ARG002 - as its neighbours
        """`GET login/forgotten`."""
        return Page(template="forgotten", facts={"is_sent": False})

    async def forgotten(self, visit: Visit) -> _Said:
        """`POST login/forgotten`: one answer for every name."""
        name = visit.request.form.get("name")
        if name is None:
            error = FormError(visit.words.say("form.missing"), "name")
            return _declined(Page(template="forgotten", facts={"is_sent": False}), [error])
        await self._doorkeeper.forgotten(visit.tenant_id, visit.browser, name)
        return Page(template="forgotten", facts={"is_sent": True})

    async def go_on(self, visit: Visit, onward: Onward, step: Step) -> _Said:
        """What comes after a proof."""
        if step.is_done or step.must_enrol:
            entered = await self._doorkeeper.enter(
                visit.tenant_id, visit.browser, step.ticket, visit.cookie
            )
            if step.is_done:
                return Going(onward.destination.url(visit.issuer), entered.cookie)
            enrol = visit.url("account", to=str(onward.destination), note="second-needed")
            return Going(enrol, entered.cookie)
        is_begun = step.acr is not None
        others = {*step.left} - {Method.PASSWORD, Method.DEVICE}
        if Method.PASSWORD in step.left and not (is_begun and others):
            is_again = is_begun or visit.session is not None
            return await self._login(visit, onward, is_again=is_again)
        return await self._second_page(visit, onward, step.ticket, step.left)

    async def _second(
        self, visit: Visit, prove: Callable[[Onward], Awaitable[Step]], field: str
    ) -> _Said:
        """Go on with a login; a wrong proof may be tried again with the same ticket."""
        onward = await Onward.of(visit, self._interactions)
        visit, form = onward.speaking(visit), visit.request.form
        try:
            step = await prove(onward)
        except TicketOver as refusal:
            return await self._login(visit, onward, refusal)
        except (LoginRefused, TooManyAttempts) as refusal:
            if "ticket" not in form:
                return await self._login(visit, onward, refusal)
            left = [method for method in Method if method in form.get("left", "").split()]
            page = await self._second_page(visit, onward, form["ticket"], left, field)
            return _declined(page, [visit.error(refusal, field)], refusal)
        return await self.go_on(visit, onward, step)

    async def _login(
        self,
        visit: Visit,
        onward: Onward,
        refusal: Refusal | None = None,
        *,
        errors: Sequence[FormError] = (),
        is_again: bool = False,
    ) -> Page:
        note = visit.request.query.get("note", "")
        page = Page(
            template="login",
            facts={
                **onward.facts(visit),
                "onward": onward.fields,
                "options": await self._options(visit),
                "name": visit.request.form.get("name", ""),
                "note": note if note in NOTES else "",
                "is_again": is_again,
            },
            form_source=onward.form_source,
            words=visit.words,
        )
        if refusal is not None:
            errors = [visit.error(refusal, "name" if isinstance(refusal, LoginRefused) else "")]
        return _declined(page, errors, refusal) if errors else page

    async def _second_page(
        self,
        visit: Visit,
        onward: Onward,
        ticket: str,
        left: Sequence[Method],
        tried: str = "",
    ) -> Page:
        has_passkey = not PASSKEYS.isdisjoint(left)
        return Page(
            template="second",
            facts={
                **onward.facts(visit),
                "onward": {**onward.fields, "ticket": ticket, "left": " ".join(left)},
                "options": await self._options(visit, ticket) if has_passkey else None,
                "has_totp": Method.TOTP in left,
                "has_recovery": Method.RECOVERY_CODE in left,
                "is_recovering": tried == "recovery",
            },
            form_source=onward.form_source,
            words=visit.words,
        )

    async def _options(self, visit: Visit, ticket: str | None = None) -> str | None:
        """What a passkey is asked; None where there were too many questions from there."""
        try:
            return await self._doorkeeper.passkey_options(visit.tenant_id, visit.browser, ticket)
        except (TooManyAttempts, TicketOver):
            return None


def _declined(page: Page, errors: Sequence[FormError], refusal: Refusal | None = None) -> Page:
    """A page whose form was filled in wrongly."""
    is_busy = isinstance(refusal, TooManyAttempts)
    status = HTTPStatus.TOO_MANY_REQUESTS if is_busy else HTTPStatus.UNPROCESSABLE_ENTITY
    headers = retry_after(refusal) if refusal else []
    return replace(page, errors=errors, status=status, headers=headers)
