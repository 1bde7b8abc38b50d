"""Intents of UK Open Banking, as a bank would keep them; here their texts say whose they are."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bezant.identity.authorization import INTENT, DetailRefused
from bezant.identity.clients import Client

PREFIX = "urn:conformance:intent:"


class Intents:
    """Implements `DetailType`."""

    name = INTENT

    async def check(self, client: Client, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        if not str(detail.get("value")).startswith(f"{PREFIX}{client.id}:"):
            raise DetailRefused("The intent is another client's.")
        return detail

    def until(self, _detail: Mapping[str, Any]) -> datetime | None:
        return None


def intent_of(client_id: str) -> str:
    """An intent that a client has registered."""
    return f"{PREFIX}{client_id}:1"
