"""The pages' paths. They are for people: no part of the API's document."""

from dataclasses import dataclass

from starlette.routing import Route

from bezant.identity.authorization import Interactions
from bezant.identity.device_grant import CodeEntry
from bezant.identity.http import ProtocolEndpoint, protocol_routes
from bezant.identity.issuers import Endpoint, Issuers
from bezant.identity.openid import LogoutRequests
from bezant.identity.pages.account import AccountPages, with_fresh_login
from bezant.identity.pages.assets import Assets
from bezant.identity.pages.consent import ConsentPages
from bezant.identity.pages.destinations import Place
from bezant.identity.pages.device import DevicePages
from bezant.identity.pages.links import LinkPages
from bezant.identity.pages.login import LoginPages
from bezant.identity.pages.logout import LogoutPages
from bezant.identity.pages.visits import Door, Handler
from bezant.identity.parts import Part
from bezant.identity.sessions.ports import BrowserSessions, Doorkeeper, FactorKeeper
from bezant.identity.users import Naming
from bezant.kernel.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What the pages stand before."""

    doorkeeper: Doorkeeper
    sessions: BrowserSessions
    factors: FactorKeeper
    interactions: Interactions
    codes: CodeEntry
    logouts: LogoutRequests
    naming: Naming
    clock: Clock


def page_routes(behind: Behind, issuers: Issuers) -> list[Route]:
    """Every page, and the files that they load."""
    assets = Assets()
    return [assets.route(), *protocol_routes(page_endpoints(behind, assets), issuers)]


def page_endpoints(behind: Behind, assets: Assets) -> list[ProtocolEndpoint]:
    """Every page, below each tenant's issuer."""
    door = Door(behind.doorkeeper, behind.sessions, assets)
    return [
        ProtocolEndpoint(
            id=f"page_{method.lower()}_{path.translate(_NAMED)}",
            method=method,
            path=f"/id/{{tenant}}/{path}",
            summary="A page for people",
            handler=door.handler(handler),
            media_type="text/html",
        )
        for (method, path), handler in {
            **_login(behind),
            **_logout(behind),
            **_account(behind),
        }.items()
    ]


def logout_part(behind: Behind) -> Part:
    """Where clients send their users to be logged out, and what is announced of logouts."""
    door = Door(behind.doorkeeper, behind.sessions, Assets())
    pages = LogoutPages(behind.logouts, behind.sessions, behind.naming)
    return Part(
        endpoints=[
            ProtocolEndpoint(
                id=name,
                method=method,
                endpoint=Endpoint.END_SESSION,
                summary="Log out of the browser's session (OpenID Connect RP-Initiated Logout)",
                handler=handler,
                media_type="text/html",
            )
            for name, method, handler in (
                ("end_session", "GET", door.handler(pages.ask)),
                ("end_session_by_form", "POST", door.handler(pages.take, is_open=True)),
            )
        ],
        metadata={
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
        },
    )


_NAMED = str.maketrans({"/": "_", "-": "_", "{": None, "}": None})

_Pages = dict[tuple[str, str], Handler]


def _login(behind: Behind) -> _Pages:
    login = LoginPages(behind.doorkeeper, behind.interactions)
    links = LinkPages(behind.doorkeeper, login)
    consent = ConsentPages(behind.interactions, behind.sessions, behind.naming, behind.clock)
    device = DevicePages(behind.codes)
    return {
        ("GET", "login"): login.ask,
        ("POST", "login"): login.with_password,
        ("POST", "login/passkey"): login.with_passkey,
        ("POST", "login/totp"): login.with_totp,
        ("POST", "login/recovery"): login.with_recovery_code,
        ("GET", "login/again"): login.again,
        ("GET", "login/forgotten"): login.ask_forgotten,
        ("POST", "login/forgotten"): login.forgotten,
        ("GET", "link/{link}"): links.ask,
        ("POST", "link/{link}"): links.use,
        ("GET", "interactions/{interaction}"): consent.ask,
        ("POST", "interactions/{interaction}"): consent.decide,
        ("GET", Place.DEVICE): device.ask,
        ("POST", Place.DEVICE): device.enter,
        ("GET", "device/allowed"): device.allowed,
        ("GET", "device/refused"): device.refused,
    }


def _logout(behind: Behind) -> _Pages:
    logout = LogoutPages(behind.logouts, behind.sessions, behind.naming)
    return {
        ("POST", "logout/confirm"): logout.decide,
        ("GET", "logout/done"): logout.done,
    }


def _account(behind: Behind) -> _Pages:
    account = AccountPages(behind.factors, behind.sessions)
    pages = {
        ("GET", Place.FACTORS): account.factors,
        ("POST", "account/remove"): account.remove,
        ("GET", Place.PASSWORD): account.ask_password,
        ("POST", Place.PASSWORD): account.change_password,
        ("GET", Place.TOTP): account.begin_totp,
        ("POST", Place.TOTP): account.confirm_totp,
        ("GET", Place.PASSKEY): account.begin_passkey,
        ("POST", Place.PASSKEY): account.confirm_passkey,
        ("GET", Place.RECOVERY): account.ask_recovery_codes,
        ("POST", Place.RECOVERY): account.new_recovery_codes,
        ("GET", Place.SESSIONS): account.sessions,
        ("POST", Place.SESSIONS): account.end_session,
        ("POST", "account/leave"): account.leave,
    }
    return {
        (method, path): with_fresh_login(
            path if isinstance(path, Place) else Place.FACTORS, handler
        )
        for (method, path), handler in pages.items()
    }
