"""The device authorization grant put together."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from bezant.identity import device_grant
from bezant.identity.authorization import RequestReader
from bezant.identity.clients import Clients
from bezant.identity.device_grant import (
    CodeEntry,
    DeviceAuthorizationEndpoint,
    DeviceCodes,
    DeviceInteractions,
    DeviceSweep,
    UserCodes,
)
from bezant.identity.issuers import Issuers
from bezant.identity.parts import Part
from bezant.identity.sessions import Throttle
from bezant.kernel.retention import RemoveAnswers
from bezant.server.authorization import Authorization
from bezant.server.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Devices:
    """What devices, and those who type their codes, speak with.

    Attributes:
        interactions: for the pages: those of devices, and those that clients sent browsers with.
        entry: for the pages.
        codes: for the token endpoint.
    """

    endpoint: DeviceAuthorizationEndpoint
    interactions: DeviceInteractions
    entry: CodeEntry
    codes: DeviceCodes
    sweep: DeviceSweep

    @classmethod
    def of(
        cls,
        tokens: Tokens,
        issuers: Issuers,
        authorization: Authorization,
        throttle: Throttle,
        secret: bytes,
    ) -> Self:
        """Put it together."""
        database, clock, codes = tokens.database, tokens.clock, UserCodes(secret)
        return cls(
            endpoint=DeviceAuthorizationEndpoint(
                database,
                clock,
                tokens.clients,
                tokens.proofs,
                RequestReader(authorization.types, authorization.hints),
                codes,
            ),
            interactions=DeviceInteractions(
                database,
                clock,
                issuers,
                Clients(database),
                tokens.grants,
                authorization.sessions,
                authorization.interactions,
            ),
            entry=CodeEntry(database, clock, tokens.ids, throttle, codes),
            codes=DeviceCodes(),
            sweep=DeviceSweep(database, clock),
        )

    def part(self) -> Part:
        """What devices begin with."""
        return device_grant.part(self.endpoint)

    def removals(self) -> dict[str, RemoveAnswers]:
        """What is too old, by table."""

        async def remove(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await self.sweep.remove(tenant_id, limit)

        return {"device_authorization": remove}
