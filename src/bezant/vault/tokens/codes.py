"""Card verification codes (CVC): in memory, for minutes, for one use, and nowhere else.

PCI DSS 4.0.1, requirement 3.3.1: they are not stored after authorization, encrypted or not. Here
they are not stored at all, so that a crash ends them; whoever needs one then asks the cardholder.
The text that the request's decoder made lives until the interpreter reuses its memory: this empties
the one place that is ours to empty.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

SECONDS_MAX: Final = 600.0
CODES_MAX: Final = 10_000

Name = tuple[UUID, str]


class Codes:
    """Codes by tenant and token.

    Args:
        monotonic: seconds that never go back.
        codes_max: with one more, the oldest leaves.
    """

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, *, codes_max: int = CODES_MAX
    ) -> None:
        self._monotonic = monotonic
        self._codes_max = codes_max
        # In the order of arrival, which is that of expiry.
        self._held: OrderedDict[Name, tuple[bytearray, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, tenant_id: UUID, token: str, code: str) -> None:
        """Keep a code in place of the token's former one."""
        self.drop(tenant_id, token)
        self._held[tenant_id, token] = (
            bytearray(code.encode("ascii")),
            self._monotonic() + SECONDS_MAX,
        )
        if len(self._held) > self._codes_max:
            self.drop(*next(iter(self._held)))
        self.expire()

    def has(self, tenant_id: UUID, token: str) -> bool:
        """Whether the token's code is here."""
        self.expire()
        return (tenant_id, token) in self._held

    def take(self, tenant_id: UUID, token: str) -> bytearray | None:
        """The token's code, which is here no longer; whoever takes it overwrites it."""
        self.expire()
        code, _ = self._held.pop((tenant_id, token), (None, 0.0))
        return code

    def drop(self, tenant_id: UUID, token: str) -> None:
        """Overwrite a code and forget it."""
        code, _ = self._held.pop((tenant_id, token), (None, 0.0))
        if code is not None:
            code[:] = bytes(len(code))

    def expire(self) -> None:
        """Overwrite what has been here too long. Every call does so, and the vault now and then."""
        now = self._monotonic()
        while self._held:
            name, (_, until) = next(iter(self._held.items()))
            if now < until:
                return
            self.drop(*name)

    def clear(self) -> None:
        """Overwrite everything."""
        for name in list(self._held):
            self.drop(*name)
