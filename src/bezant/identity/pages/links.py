"""One-time links: the first operator's set-up, invitations, and passwords set anew."""

from collections.abc import Mapping
from http import HTTPStatus

from bezant.identity.factors.errors import PasswordRefused
from bezant.identity.logins import Acr
from bezant.identity.pages.destinations import Destination
from bezant.identity.pages.login import LoginPages
from bezant.identity.pages.onward import Onward
from bezant.identity.pages.rendering import FormError, Going, Page
from bezant.identity.pages.visits import Visit
from bezant.identity.sessions.ports import Doorkeeper, LinkKind, Step
from bezant.identity.users.errors import LoginNameTaken
from bezant.kernel.sealed import FieldValueRefused


class LinkPages:
    """The pages that a link opens. Looking at one does not use the link up: mail is scanned."""

    def __init__(self, doorkeeper: Doorkeeper, login: LoginPages) -> None:
        self._doorkeeper = doorkeeper
        self._login = login

    async def ask(self, visit: Visit) -> Page | Going:
        """`GET link/{link}`."""
        kind = await self._doorkeeper.look_at(visit.tenant_id, visit.request.path["link"])
        return _page(kind, {})

    async def use(self, visit: Visit) -> Page | Going:
        """`POST link/{link}`."""
        form = visit.request.form
        kind = await self._doorkeeper.look_at(visit.tenant_id, visit.request.path["link"])
        asked = ["password"]
        if kind is LinkKind.OPERATOR:
            asked = ["name", "display_name", "password"]
        missing = [
            FormError(visit.words.say("form.missing"), field)
            for field in asked
            if field not in form
        ]
        if missing:
            return _page(kind, form, *missing)
        try:
            step = await self._take(visit, kind)
        except PasswordRefused as refusal:
            return _page(kind, form, visit.error(refusal, "password"))
        except LoginNameTaken as refusal:
            return _page(kind, form, visit.error(refusal, "name"))
        except FieldValueRefused:
            return _page(kind, form, FormError(visit.words.say("form.email"), "name"))
        if kind is LinkKind.RESET:
            return Going(visit.url("login", note="password-set"))
        return await self._login.go_on(visit, Onward(Destination(), Acr.PASSWORD), step)

    async def _take(self, visit: Visit, kind: LinkKind) -> Step:
        form, link = visit.request.form, visit.request.path["link"]
        if kind is LinkKind.OPERATOR:
            return await self._doorkeeper.claim(
                visit.tenant_id,
                visit.browser,
                link,
                form["name"],
                form["display_name"],
                form["password"],
            )
        return await self._doorkeeper.use_link(
            visit.tenant_id, visit.browser, link, form["password"]
        )


def _page(kind: LinkKind, form: Mapping[str, str], *errors: FormError) -> Page:
    return Page(
        template="link",
        facts={
            "kind": kind,
            "name": form.get("name", ""),
            "display_name": form.get("display_name", ""),
        },
        errors=errors,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
    )
