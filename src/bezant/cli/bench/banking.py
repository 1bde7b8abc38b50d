"""The suite of banking: what a bank waits for in the night."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bezant.cli.bench import agent, cases, day_ender
from bezant.server.endpoint import Endpoint
from bezant.server.provisioning import SANDBOX

_ACCOUNTS_MAX: Final = 20_000
"""Of fewer, half of the time is that of statements planned while their tables were still empty."""


@dataclass(frozen=True, slots=True)
class BankingSuite:
    """One run.

    Args:
        platform: whose database it is.
        run_folder: where the lanes' sockets are.
        accounts: whose days are ended.
        progress: told each case as it begins.
    """

    platform: Endpoint
    run_folder: str
    accounts: int
    progress: Callable[[str], None]

    async def run(self) -> dict[str, float]:
        """The figures, by case."""
        accounts = min(self.accounts, _ACCOUNTS_MAX)
        self.progress(f"Opening {accounts} accounts")
        setup = day_ender.Setup(self.platform.database_url, self.run_folder, SANDBOX, accounts)
        measured = {}
        async with agent.started(day_ender, setup, day_ender.Ready) as (ending, _):
            for case in (cases.END_OF_DAY, cases.END_OF_MONTH):
                self.progress(case)
                outcome = await ending.ask(day_ender.Round(), day_ender.Outcome)
                measured[case] = outcome.accounts_per_second
        return measured
