"""Everything about users, composed: what the pages, the API and the commands take."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from bezant.identity.factors.keeping import FactorService
from bezant.identity.factors.passkeys import RelyingParty
from bezant.identity.factors.passwords import Passwords
from bezant.identity.factors.proving import Proving
from bezant.identity.sessions.browsing import Browsing
from bezant.identity.sessions.links import Entrance
from bezant.identity.sessions.throttle import Throttle
from bezant.identity.tickets import Tickets
from bezant.identity.users.means import Means
from bezant.identity.users.service import UserService
from bezant.kernel.sealed import Sealer
from bezant.kernel.sealing import SecretSealer
from bezant.kernel.sessions import Sessions

_THROTTLES: Final = b"bezant identity throttles"


@dataclass(frozen=True, slots=True)
class People:
    """A tenant's users, and how they are let in.

    Attributes:
        entrance: the port `Doorkeeper`.
        browsing: the port `BrowserSessions`.
        factors: the port `FactorKeeper`.
        throttle, tickets: for retention, which removes what is over.
    """

    users: UserService
    entrance: Entrance
    browsing: Browsing
    factors: FactorService
    passwords: Passwords
    throttle: Throttle
    tickets: Tickets

    def close(self) -> None:
        """End the threads that hash."""
        self.passwords.close()


@dataclass(frozen=True, slots=True)
class Secrecy:
    """Where what must not be read goes.

    Attributes:
        sealer: the vault, for what identifies people.
        secrets: for the secrets of authenticator applications.
        throttle_secret: keys what is counted; the same in every process.
    """

    sealer: Sealer
    secrets: SecretSealer
    throttle_secret: bytes


def throttle_secret(sealing_key: bytes) -> bytes:
    """The throttle's secret, which follows from the server's sealing key."""
    return hmac.digest(sealing_key, _THROTTLES, hashlib.sha256)


def compose(
    means: Means,
    secrecy: Secrecy,
    sessions: Sessions,
    party: RelyingParty,
    passwords: Passwords | None = None,
) -> People:
    """Put everything together.

    Args:
        means: where rows, the time, identifiers and chance come from.
        secrecy: where what must not be read goes.
        sessions: the kernel's.
        party: whom passkeys are for.
        passwords: by default at the default cost and without a list of breached ones.
    """
    passwords = passwords or Passwords()
    users = UserService(
        means.database, means.clock, means.ids, secrecy.sealer, sessions, means.random_bytes
    )
    browsing = Browsing(means.database, means.clock, means.ids, sessions)
    proving = Proving(means, passwords, secrecy.secrets, party)
    throttle = Throttle(means.database, means.clock, secrecy.throttle_secret)
    return People(
        users=users,
        entrance=Entrance(means, users, proving, browsing, throttle, passwords),
        browsing=browsing,
        factors=FactorService(means, users, browsing, passwords, secrecy.secrets, party),
        passwords=passwords,
        throttle=throttle,
        tickets=Tickets(means.database),
    )
