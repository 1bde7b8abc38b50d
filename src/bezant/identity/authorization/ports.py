"""What authorization needs of its neighbours."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from bezant.identity.clients import Client


class DetailRefused(Exception):  # noqa: N818 - an answer, not a fault
    """A detail is not in order; one sentence says why, without repeating it."""


class DetailType(Protocol):
    """A type of `authorization_details` (RFC 9396, section 2), which some domain understands.

    Attributes:
        name: the value of `type`.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    async def check(self, client: Client, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        """The detail as it will be shown to users and granted, `type` and all.

        Raises:
            DetailRefused: a member is unknown, missing or not the client's to ask for.
        """
        ...

    def until(self, detail: Mapping[str, Any]) -> datetime | None:
        """When what a checked detail gives ends; None at its grant's revocation."""
        ...
