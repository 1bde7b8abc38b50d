"""Servers under test, as the modules see them: two clients, somebody who logs in, a resource."""

import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from conformance.fapi.keys import Keys


class Authentication(StrEnum):
    """How a client authenticates."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    MTLS = "mtls"


class Binding(StrEnum):
    """What its tokens are bound to."""

    DPOP = "dpop"
    MTLS = "mtls"


class Profile(StrEnum):
    """What a client keeps to."""

    SECURITY = "unsigned"
    """FAPI 2.0 Security Profile."""

    MESSAGE_SIGNING = "signed"
    """The same with signed requests and responses (FAPI 2.0 Message Signing)."""

    UK = "uk"
    """FAPI 1.0 Advanced Final as UK Open Banking has it: the same by PAR and JARM, and intents."""


@dataclass(frozen=True)
class Variant:
    """How a module is run."""

    authentication: Authentication
    binding: Binding
    profile: Profile

    @property
    def is_signed(self) -> bool:
        """Whether its requests and responses are signed."""
        return self.profile is not Profile.SECURITY

    @property
    def uses_certificate(self) -> bool:
        """Whether the client shows one."""
        return Authentication.MTLS is self.authentication or Binding.MTLS is self.binding

    def __str__(self) -> str:
        return f"{self.authentication}-{self.binding}-{self.profile}"


VARIANTS = [
    Variant(authentication, binding, profile)
    for profile in (Profile.SECURITY, Profile.MESSAGE_SIGNING)
    for authentication in Authentication
    for binding in Binding
]

UK_VARIANTS = [
    Variant(authentication, Binding.MTLS, Profile.UK) for authentication in Authentication
]
"""FAPI 1.0 Advanced, section 5.2.2: tokens are bound to certificates."""

SCOPES = ("openid", "offline_access")
"""What requests ask for."""

IDENTITY_SCOPES = ("openid", "profile", "email", "phone")
"""What a request asks for that is after claims about the user."""


@dataclass(frozen=True)
class Registered:
    """A client as the server knows it.

    Attributes:
        redirect_uris: two; requests name the first.
        scopes: of a request; the client may ask for those of identity too.
    """

    id: str
    variant: Variant
    keys: Keys
    redirect_uris: tuple[str, str]
    scopes: tuple[str, ...]


@dataclass
class Shown(Exception):  # noqa: N818 - an end, not a fault
    """The user was shown a page and sent nowhere."""

    status: int
    text: str

    def require_refusal(self) -> None:
        """It says that the request is refused, not that the server is broken."""
        assert 400 <= self.status < 500, self.text


class Peer(Protocol):
    """A running server.

    Attributes:
        issuer: its identifier.
    """

    issuer: str

    @property
    def authority(self) -> Path:
        """The file with the authority behind its certificate."""
        ...

    @property
    def discovery(self) -> str:
        """Where its metadata are."""
        ...

    def trust(self) -> ssl.SSLContext:
        """What its certificate is checked against."""
        ...

    def clients(self, variant: Variant) -> tuple[Registered, Registered]:
        """Two clients with different keys."""
        ...

    def intent(self, client: Registered) -> str | None:
        """An intent that a client has registered; None where the server keeps none."""
        ...

    async def decide(self, url: str, *, is_granted: bool, to: str) -> str:
        """Go to the authorization endpoint as a new user's browser, and log in and agree, or not.

        Returns:
            Where the browser was sent, which begins with `to`.

        Raises:
            Shown: it was sent nowhere.
        """
        ...

    async def look(self, url: str) -> None:
        """Go there, and leave again."""
        ...
