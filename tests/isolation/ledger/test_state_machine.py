"""Whatever two processes do to one book, crashes included: it holds what the oracle says."""

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from two_processes import TwoProcesses

EXAMPLES = 25
STEPS = 40

# A crash leaves connections that were just being made; the collector closes them.
LEFT_BY_THE_DEAD = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def machine(app_url: str, run_folder: Path) -> Iterator[type[TwoProcesses]]:
    """The machine on the embedded PostgreSQL, on an event loop of its own."""
    loop = asyncio.new_event_loop()
    TwoProcesses.url, TwoProcesses.run_folder, TwoProcesses.loop = app_url, run_folder, loop
    yield TwoProcesses
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    gc.collect()


def bounded(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@LEFT_BY_THE_DEAD
def test_two_processes_agree_with_the_oracle(machine: type[TwoProcesses]) -> None:
    run_state_machine_as_test(machine, settings=bounded(EXAMPLES, STEPS))


@pytest.mark.campaign
@LEFT_BY_THE_DEAD
def test_two_processes_agree_with_the_oracle_for_long(machine: type[TwoProcesses]) -> None:
    """`make campaign`: BEZANT_EXAMPLES runs (1,000) of 100 steps."""
    examples = int(os.environ.get("BEZANT_EXAMPLES", "1000"))
    run_state_machine_as_test(machine, settings=bounded(examples, 100))
