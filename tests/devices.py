"""Devices that ask an issuer for codes, and people who type them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from authorizing import App, Begun, Form, Realm
from bezant.identity.clients import DEVICE_GRANT
from bezant.identity.issuers import Endpoint

ADDRESS = "192.0.2.1"


@dataclass(frozen=True)
class Device:
    """A device that shows a code.

    Attributes:
        told: what the issuer answered.
    """

    app: App
    told: dict[str, Any]

    @classmethod
    async def of(cls, app: App, **asked: str) -> "Device":
        """A device that asked for something."""
        answer = await ask(app, {"scope": "openid accounts"} | asked)
        assert answer.status_code == 200, answer.text
        return cls(app, answer.json())

    @property
    def form(self) -> Form:
        """What it polls with."""
        return {"grant_type": DEVICE_GRANT, "device_code": self.told["device_code"]}

    async def poll(self, app: App | None = None) -> httpx.Response:
        return await (app or self.app).tokens(self.form)

    async def error(self, app: App | None = None) -> str:
        """Poll for what is not there; with which error."""
        answer = await self.poll(app)
        assert answer.status_code == 400, answer.text
        error: str = answer.json()["error"]
        return error

    async def shown(self) -> Begun:
        """A user types its code in a browser of their own."""
        return await typed(self.app.realm, self.told["user_code"])


async def ask(app: App, form: Form, **headers: str) -> httpx.Response:
    return await app.post(Endpoint.DEVICE_AUTHORIZATION, form, **headers)


async def typed(
    realm: Realm, code: str, user_id: UUID | None = None, address: str = ADDRESS
) -> Begun:
    """Somebody types a code in a new browser."""
    browser = realm.entry.browser({})
    interaction_id = await realm.entry.enter(
        realm.issuer.tenant_id, user_id or uuid4(), address, browser, code
    )
    return Begun(realm, interaction_id, browser)
