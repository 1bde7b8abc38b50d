"""Everything about users, composed: what the pages, the API and the commands take."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from bezant.identity.enrolment import FactorService
from bezant.identity.factors import Approvals, Passwords, Proving, RelyingParty
from bezant.identity.factors.approvals import Heard, nobody
from bezant.identity.sessions import Browsing, Entrance, Throttle
from bezant.identity.tickets import Tickets
from bezant.identity.users import Means, UserService
from bezant.kernel.retention import RemoveAnswers
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
        approvals: devices, and what users decide on them.
        throttle, tickets: for retention, which removes what is over.
    """

    users: UserService
    entrance: Entrance
    browsing: Browsing
    factors: FactorService
    approvals: Approvals
    passwords: Passwords
    throttle: Throttle
    tickets: Tickets

    @property
    def removals(self) -> dict[str, RemoveAnswers]:
        """What removes what is over, by table."""
        return {
            "identity_ticket": self.tickets.remove_over,
            "identity_throttle": self.throttle.remove_old,
            "identity_approval": self.approvals.remove_over,
        }

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
    heard: Heard = nobody,
) -> People:
    """Put everything together.

    Args:
        means: where rows, the time, identifiers and chance come from.
        secrecy: where what must not be read goes.
        sessions: the kernel's.
        party: whom passkeys are for.
        passwords: by default at the default cost and without a list of breached ones.
        heard: is told of what users decide on their devices.
    """
    passwords = passwords or Passwords()
    users = UserService(
        means.database, means.clock, means.ids, secrecy.sealer, sessions, means.random_bytes
    )
    browsing = Browsing(means.database, means.clock, means.ids, sessions)
    proving = Proving(means, passwords, secrecy.secrets, party)
    throttle = Throttle(means.database, means.clock, secrecy.throttle_secret)
    factors = FactorService(means, users, browsing, passwords, secrecy.secrets, party)
    approvals = Approvals(means, secrecy.secrets, heard)
    return People(
        users=users,
        entrance=Entrance(means, users, proving, browsing, throttle, approvals, passwords),
        browsing=browsing,
        factors=factors,
        approvals=approvals,
        passwords=passwords,
        throttle=throttle,
        tickets=Tickets(means.database),
    )
