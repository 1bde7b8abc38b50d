"""What a backchannel authentication request may say (CIBA Core, section 7.1; FAPI-CIBA, 5.2.2)."""

import re
from datetime import timedelta
from typing import Final

from bezant.identity.authorization import (
    DetailTypes,
    Parameters,
    context_of,
    read_resources,
    read_scopes,
)
from bezant.identity.backchannel.domain import (
    LIFETIME,
    LIFETIME_MAX,
    LIFETIME_MIN,
    AskedFor,
)
from bezant.identity.clients import Client, Delivery
from bezant.identity.factors.approvals import SHOWN_BYTES_MAX
from bezant.identity.http import OAuthError
from bezant.identity.issuers import Issuer

BINDING_MESSAGE_CHARACTERS_MAX: Final = 100
NOTIFICATION_TOKEN_CHARACTERS_MAX: Final = 1_024

# Of letters, digits and few signs: what a screen of any device shows, and nothing that looks like
# something else.
_BINDING_MESSAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,:;#/+()*_-]*")
_BEARER: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_HINTS: Final = ("login_hint", "id_token_hint", "login_hint_token")


class Reader:
    """Reads requests of clients that are authenticated."""

    def __init__(self, types: DetailTypes) -> None:
        self._types = types

    async def read(self, issuer: Issuer, client: Client, given: Parameters) -> AskedFor:
        """What is asked for; whom it is asked is `hint_of`'s matter.

        Raises:
            OAuthError: something is not in order.
        """
        if given.text("user_code") is not None:
            raise _refused("There are no user codes here: users approve on bound devices.")
        scopes = read_scopes(client, given)
        if "openid" not in scopes:
            raise OAuthError(
                "invalid_scope", "The scope openid is asked for, with others or alone."
            )
        listed = given.details()
        details, until = ((), None) if listed is None else await self._types.check(client, listed)
        asked = AskedFor(
            scopes=scopes,
            details=details,
            resources=read_resources(issuer, given),
            acr_names=context_of(client.profile, given.visible("acr_values"), {}).names,
            until=until,
            binding_message=_binding_message(given, is_needed=listed is None),
            notification_token=_notification_token(client, given),
            lifetime=_lifetime(given),
        )
        if len(asked.shown_for(client)) > SHOWN_BYTES_MAX:
            raise _refused("What is asked does not fit on a device.")
        return asked


def hint_of(given: Parameters) -> tuple[str, str]:
    """Whom a request is about: the name of the one hint that it has, and its value.

    Raises:
        OAuthError: there is none, more than one, or one of a kind that is not taken.
    """
    # An ID token is longer than other texts.
    hints = {name: given.text(name, 16_384) for name in _HINTS}
    found = [(name, value) for name, value in hints.items() if value is not None]
    if len(found) != 1:
        raise _refused("Exactly one hint names the user: login_hint or id_token_hint.")
    if found[0][0] == "login_hint_token":
        raise _refused("A login_hint_token is not taken: use login_hint or id_token_hint.")
    return found[0]


def _binding_message(given: Parameters, *, is_needed: bool) -> str | None:
    message = given.text("binding_message")
    if message is None:
        # FAPI-CIBA, section 5.2.2: without it the user could not tell two requests apart.
        if is_needed:
            raise _refused("Without authorization_details a binding_message is needed.")
        return None
    is_short = len(message) <= BINDING_MESSAGE_CHARACTERS_MAX
    if not is_short or not _BINDING_MESSAGE.fullmatch(message):
        raise OAuthError(
            "invalid_binding_message",
            f"At most {BINDING_MESSAGE_CHARACTERS_MAX} plain characters, and a letter or digit"
            " first.",
        )
    return message


def _notification_token(client: Client, given: Parameters) -> str | None:
    assert client.backchannel is not None, "a client that may ask says how"
    if client.backchannel.token_delivery_mode is not Delivery.PING:
        return None
    token = given.text("client_notification_token")
    if token is None:
        raise _refused("A client that is told by ping gives a client_notification_token.")
    if len(token) > NOTIFICATION_TOKEN_CHARACTERS_MAX or not _BEARER.fullmatch(token):
        raise _refused("The client_notification_token is no bearer token (RFC 6750), or too long.")
    return token


def _lifetime(given: Parameters) -> timedelta:
    seconds = given.seconds("requested_expiry")
    if seconds is None:
        return LIFETIME
    if seconds == 0:
        raise _refused("The requested_expiry is a positive number of seconds.")
    # A wish, which section 7.1 leaves to us: the answer says how long it is.
    return min(max(timedelta(seconds=seconds), LIFETIME_MIN), LIFETIME_MAX)


def _refused(reason: str) -> OAuthError:
    return OAuthError("invalid_request", reason)
