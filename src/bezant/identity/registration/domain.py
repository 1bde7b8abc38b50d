"""What lets a client register itself, and what it may become afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from msgspec import Struct

from bezant.identity.clients import Client, NewOAuthClient, Profile


class Limits(Struct, frozen=True, kw_only=True):
    """What a registered client may be at most, when it registers and with each update.

    Attributes:
        scopes: those that it may ask for.
        scopes_by_default: what it gets of them without asking.
        grant_types: those that it may use; None where nobody has said yet.
        redirect_uris: those of its software statement; None where that names none.
        redirect_origins: where those are that it came with first; None until it did.
        stated: members of its metadata as the statement has them, which win.
    """

    scopes: frozenset[str]
    scopes_by_default: frozenset[str] = frozenset()
    grant_types: frozenset[str] | None = None
    redirect_uris: tuple[str, ...] | None = None
    redirect_origins: frozenset[str] | None = None
    stated: Mapping[str, Any] = {}

    @property
    def states_keys(self) -> bool:
        """Whether the statement says what the client's keys are."""
        return not self.stated.keys().isdisjoint(("jwks", "jwks_uri"))

    def settled(self, new: NewOAuthClient, *, is_stated: bool) -> "Limits":
        """The limits of a client that registers as `new`: what nobody limited stays as it came.

        Without a statement (`is_stated`) that are its scopes too.
        """
        uris = None if self.redirect_uris is not None else frozenset(new.redirect_uris)
        return Limits(
            scopes=self.scopes if is_stated else frozenset(new.scopes),
            scopes_by_default=self.scopes_by_default,
            grant_types=frozenset(new.grant_types)
            if self.grant_types is None
            else self.grant_types,
            redirect_uris=self.redirect_uris,
            redirect_origins=None if uris is None else frozenset(map(origin_of, uris)),
            stated=self.stated,
        )

    def renewing(self, former: "Limits", client: Client) -> "Limits":
        """The limits of a new statement about a client: where it says nothing, the former stay."""
        origins = former.redirect_origins
        if self.redirect_uris is not None:
            origins = None
        elif origins is None:
            origins = frozenset(map(origin_of, client.redirect_uris))
        return Limits(
            scopes=self.scopes,
            scopes_by_default=self.scopes_by_default,
            grant_types=former.grant_types if self.grant_types is None else self.grant_types,
            redirect_uris=self.redirect_uris,
            redirect_origins=origins,
            stated=self.stated,
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """A software statement that holds (RFC 7591, section 2.3).

    Attributes:
        issuer_id: of the issuer, as the tenant trusts it.
        issuer: its `iss`.
        jti: what the issuer calls it.
        digest: of its text.
        until: from when on it is refused for its age.
        profile: which the issuer's clients keep.
        software_id: the software that it is about, if it says so.
        software_version: of the software.
        limits: what it lets a client be.
    """

    issuer_id: UUID
    issuer: str
    jti: str
    digest: bytes
    until: datetime
    profile: Profile
    software_id: str | None
    software_version: str | None
    limits: Limits

    @property
    def use(self) -> str:
        """Under which name it is used once."""
        # The length keeps the two texts apart, whatever is in them.
        return f"software statement {len(self.issuer)} {self.issuer} {self.jti}"


@dataclass(frozen=True, slots=True)
class Once:
    """A signed request, good for one use.

    Attributes:
        name: under which it is used.
        until: from when on it is refused for its age.
    """

    name: str
    until: datetime


def origin_of(uri: str) -> str:
    """The scheme and the authority of a redirect URI that was checked."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
