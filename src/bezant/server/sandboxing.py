"""What the parent knows of the simulated other side of payments: where it listens, and its secret.

Apart from the process that is it, so that the parent need not load what that runs.
"""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from socket import socket
from typing import Final, Self
from uuid import UUID

from bezant.server.listening import listen, url_of
from bezant.server.provisioning import SANDBOX
from bezant.server.task import CsmTask, Simulated

SANDBOX_BANK: Final = UUID("0193e0a0-0000-7000-8000-000000000002")
"""The institution of the sandbox tenant that takes part, the same everywhere."""

SANDBOX_BIC: Final = "BEZADEFFXXX"
"""Nobody's in the register of ISO 9362."""

_HOST: Final = "127.0.0.1"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class Sandbox:
    """The simulated other side of one start.

    Attributes:
        listener: of the bank that verifies payees.
        csm_listener: of the clearing system.
        secret: of the line to that.
    """

    listener: socket
    csm_listener: socket
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(_SECRET_BYTES))

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator[Self]:
        """Listen on free ports of this machine's loopback, until the block ends."""
        with closing(listen(_HOST, 0)) as listener, closing(listen(_HOST, 0)) as csm_listener:
            yield cls(listener, csm_listener)

    @property
    def csm_url(self) -> str:
        """Where the clearing system is. It is plain HTTP, and does not leave the machine."""
        return f"http://{_HOST}:{self.csm_listener.getsockname()[1]}"

    @property
    def csm(self) -> CsmTask:
        """The line to the clearing system."""
        return CsmTask(self.csm_url, self.secret, None, [(SANDBOX_BIC, SANDBOX, SANDBOX_BANK)])

    def simulated(self, authority: str | None) -> Simulated:
        """The banks that verify payees.

        Args:
            authority: that the platform's certificate, which is theirs too, comes from.
        """
        return Simulated(url_of(_HOST, self.listener), authority)
