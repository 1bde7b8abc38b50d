"""How many codes anybody may try, without stopping anybody else (RFC 8628, section 5.1).

Whoever types codes has logged in, so attempts are counted against that user, in all of their
sessions. What comes from one address, or into one tenant, only makes each user's patience shorter:
the first attempts are always free, whatever others do.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from bezant.identity.sessions import Counted, Throttle, network_of
from bezant.kernel.clock import Clock

FREE: Final = 10
FREE_UNDER_ATTACK: Final = 3
ADDRESS_PER_HOUR: Final = 30
TENANT_PER_HOUR: Final = 300
_NEVER: Final = 2**31
"""Of failures that are counted, and for which nobody waits."""


class Guesses:
    """Counts attempts before the code is looked at. A right one takes its count back."""

    def __init__(self, throttle: Throttle, clock: Clock) -> None:
        self._throttle = throttle
        self._clock = clock

    async def take(self, tenant_id: UUID, user_id: UUID, address: str) -> tuple[Counted, ...]:
        """Count an attempt; what it was counted under, to be given back.

        Raises:
            TooManyAttempts: with the wait.
        """
        hour = _hour_of(self._clock.now())
        of_address = self._counted(f"address {hour}", network_of(address), _NEVER)
        of_tenant = self._counted(f"tenant {hour}", str(tenant_id), _NEVER)
        from_address, in_tenant = await self._throttle.failures(tenant_id, of_address, of_tenant)
        is_attack = from_address >= ADDRESS_PER_HOUR or in_tenant >= TENANT_PER_HOUR
        of_user = self._counted("user", str(user_id), FREE_UNDER_ATTACK if is_attack else FREE)
        counted = (of_user, of_address, of_tenant)
        await self._throttle.take(tenant_id, *counted)
        return counted

    def _counted(self, kind: str, value: str, free: int) -> Counted:
        return Counted(self._throttle.digest(f"user code {kind}", value), free)


def _hour_of(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H}"
