"""The suite of identity: logins, grants, and what decides about requests.

Rates are judged per core, as Keycloak's sizing guide gives its own per vCPU: by the processor time
that the platform's processes used for them. The guide counts the database apart, and so does the
figure that has a target; the other one counts it too.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bezant.cli.bench import agent, cases, connections, decider, granter, visitor
from bezant.cli.bench.processors import spent
from bezant.server.endpoint import Endpoint
from bezant.server.provisioning import SANDBOX

GRANTING_CONNECTIONS: Final = 16
LOGIN_CONNECTIONS: Final = 4

_REQUESTS_OF_A_LOGIN: Final = 2
_US_PER_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class IdentitySuite:
    """One run.

    Args:
        platform: what is measured.
        api_key: that grants everything.
        folder: for a certificate.
        seconds: of one case.
        people: who log in.
        progress: told each case as it begins.
    """

    platform: Endpoint
    api_key: str
    folder: Path
    seconds: float
    people: int
    progress: Callable[[str], None]

    async def run(self) -> dict[str, float]:
        """The figures, by case."""
        return {**await self._logins(), **await self._grants(), **await self._decisions()}

    async def _logins(self) -> dict[str, float]:
        self.progress(f"Inviting {self.people} people")
        platform = self.platform
        assert platform.ca is not None
        setup = visitor.Setup(platform.url, platform.ca, self.api_key, SANDBOX, self.people)
        async with agent.started(visitor, setup, visitor.Ready) as (visiting, _):
            asked = visitor.Round(LOGIN_CONNECTIONS, self.seconds)
            return await self._rates(
                cases.LOGINS,
                partial(visiting.ask, asked, connections.Outcome),
                requests=_REQUESTS_OF_A_LOGIN,
            )

    async def _grants(self) -> dict[str, float]:
        self.progress("Registering clients")
        async with self._granting() as granting:

            async def ask(load: granter.Load, count: int) -> connections.Outcome:
                asked = granter.Round(load, count, self.seconds)
                return await granting.ask(asked, connections.Outcome)

            figures: dict[str, float] = {}
            for name, load in (
                (cases.CREDENTIALS, granter.Load.CREDENTIALS),
                (cases.REFRESHES, granter.Load.REFRESH),
            ):
                figures |= await self._rates(name, partial(ask, load, GRANTING_CONNECTIONS))
            self.progress(cases.INTROSPECTION_P50)
            introspected = await ask(granter.Load.INTROSPECTION, 1)
            return {**figures, cases.INTROSPECTION_P50: introspected.p50_ms}

    @asynccontextmanager
    async def _granting(self) -> AsyncIterator[agent.Agent]:
        platform = self.platform
        assert platform.ca is not None
        setup = granter.Setup(
            platform.url,
            platform.mtls_url,
            platform.ca,
            self.api_key,
            platform.database_url,
            SANDBOX,
            str(self.folder),
        )
        async with agent.started(granter, setup, granter.Ready) as (granting, _):
            yield granting

    async def _decisions(self) -> dict[str, float]:
        platform = self.platform
        assert platform.vault_socket is not None
        setup = decider.Setup(
            platform.url,
            platform.database_url,
            platform.vault_socket,
            platform.vault_token,
            SANDBOX,
        )
        async with agent.started(decider, setup, decider.Ready) as (deciding, _):
            figures = {}
            for name, load, factor in (
                (cases.CHECK_P99, decider.Load.CHECK, 1),
                (cases.DECISION_P99, decider.Load.POLICY, _US_PER_MS),
            ):
                self.progress(name)
                outcome = await deciding.ask(decider.Round(load, self.seconds), decider.Outcome)
                figures[name] = outcome.p99_ms * factor
            return figures

    async def _rates(
        self, name: str, ask: Callable[[], Awaitable[connections.Outcome]], requests: int = 1
    ) -> dict[str, float]:
        """How many a second, and for each second of a processor's."""
        self.progress(name)
        before = spent(self.platform.pid)
        outcome = await ask()
        used = spent(self.platform.pid).since(before)
        count = outcome.requests / requests
        return {
            name: count / outcome.seconds,
            cases.PER_CORE[name]: count / used.platform_s,
            cases.PER_CORE_OF_ALL[name]: count / (used.platform_s + used.database_s),
        }
