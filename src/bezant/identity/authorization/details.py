"""Rich authorization requests (RFC 9396): their types are the domains'."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bezant.identity.authorization.ports import DetailRefused, DetailType
from bezant.identity.clients import Client
from bezant.identity.http import OAuthError

DETAILS_MAX: Final = 20

INTENT: Final = "openbanking_intent_id"
"""The claim by which FAPI 1.0 clients of UK Open Banking name what they want, and its type here:
whichever domain keeps intents knows whether one is the client's."""


class DetailTypes:
    """The types that are known here.

    Args:
        types: each under another name.
    """

    def __init__(self, types: Sequence[DetailType] = ()) -> None:
        self._types = {each.name: each for each in types}
        assert len(self._types) == len(types)

    @property
    def names(self) -> Collection[str]:
        """`authorization_details_types_supported`, in the order of the names."""
        return sorted(self._types.keys() - {INTENT})

    async def check(
        self, client: Client, details: object
    ) -> tuple[tuple[Mapping[str, Any], ...], datetime | None]:
        """The details of a request, and when the first of them ends.

        Raises:
            OAuthError: `invalid_authorization_details` (section 5).
        """
        if not isinstance(details, list) or not 0 < len(details) <= DETAILS_MAX:
            raise _refused(f"They are a list of 1 to {DETAILS_MAX} objects.")
        checked = [await self._check(client, detail) for detail in details]
        ends = [self._types[each["type"]].until(each) for each in checked]
        return tuple(checked), min((end for end in ends if end is not None), default=None)

    async def check_intent(
        self, client: Client, value: str
    ) -> tuple[tuple[Mapping[str, Any], ...], datetime | None]:
        """The intent that a FAPI 1.0 client names, as the detail that it is here.

        Raises:
            OAuthError: `invalid_request`, which is what such clients know.
        """
        try:
            return await self.check(client, [{"type": INTENT, "value": value}])
        except OAuthError:
            raise OAuthError("invalid_request", "The intent is not one of the client.") from None

    async def _check(self, client: Client, detail: object) -> Mapping[str, Any]:
        name = detail.get("type") if isinstance(detail, dict) else None
        known = self._types.get(name) if isinstance(name, str) else None
        if known is None:
            raise _refused("A type is missing or not known here.")
        assert isinstance(detail, dict)
        try:
            return await known.check(client, detail)
        except DetailRefused as refused:
            raise _refused(str(refused)) from None


def _refused(reason: str) -> OAuthError:
    return OAuthError("invalid_authorization_details", reason)
