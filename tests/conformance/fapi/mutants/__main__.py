"""`make mutants`: every mutant, and which modules notice it.

Each mutant's own modules must fail with it, and the others must not: all of them with `--all`,
otherwise those of `SAMPLE`. Before, all must pass on our server as it is.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field

from conformance.fapi.bezant import bezant
from conformance.fapi.modules import every, listed, variants_of
from conformance.fapi.mutants.mutant import EVERY, MUTANTS, PREFIX, Mutant
from conformance.fapi.mutants.trial import Trial
from conformance.fapi.peers import Variant
from conformance.fapi.waiting import WAITING
from fixtures_servers import open_folder

SAMPLE = frozenset(
    PREFIX + name
    for name in (
        "discovery-end-point-verification",
        "happy-flow",
        "user-rejects-authentication",
        "ensure-request-object-with-multiple-aud-succeeds",
        "ensure-dpop-auth-code-binding-success",
        "ensure-registered-redirect-uri",
        "ensure-pkce-code-verifier-required",
        "ensure-signed-client-assertion-with-RS256-fails",
        "par-attempt-reuse-request_uri",
        "refresh-token",
    )
)
"""One module at least of each thing that mutants change."""

SLOW = frozenset(waiting.name for waiting in WAITING)
"""They wait a minute: run for their own mutants only, and without any."""


@dataclass
class Tried:
    """What became of a mutant.

    Attributes:
        noticed: why each of its modules failed.
        survived: its modules that did not.
        harmed: others that failed, and why.
        passed: how many others did not.
    """

    mutant: str
    noticed: dict[str, str] = field(default_factory=dict)
    survived: list[str] = field(default_factory=list)
    harmed: dict[str, str] = field(default_factory=dict)
    passed: int = 0

    @property
    def is_right(self) -> bool:
        return bool(self.noticed) and not self.survived and not self.harmed


async def campaign(*, with_all: bool, only: str) -> tuple[dict[str, str], list[Tried]]:
    """What failed without a mutant; and all mutants."""
    chosen = [mutant for mutant in MUTANTS if only in mutant.name]
    with open_folder() as folder:
        async with bezant(folder) as peer:
            trial = Trial(peer)
            failed: dict[str, str] = {}
            for variant in dict.fromkeys(mutant.variant for mutant in chosen):
                _say(f"without a mutant: {variant}")
                names = _applicable(variant) - (SLOW if variant != EVERY else frozenset())
                reasons = await _run(trial, variant, names)
                failed |= {f"{name} {variant}": why for name, why in reasons.items() if why}
            tried = []
            for number, mutant in enumerate(chosen, 1):
                begun = time.monotonic()
                others = set(_applicable(mutant.variant)) - SLOW
                names = mutant.kills | (others if with_all else others & SAMPLE)
                tried.append(await _try(trial, mutant, names))
                mark = "ok" if tried[-1].is_right else "WRONG"
                _say(
                    f"{number:3}/{len(chosen)} {time.monotonic() - begun:5.1f} s"
                    f" {mark:5} {mutant.name}"
                )
    return failed, tried


async def _run(trial: Trial, variant: Variant, names: AbstractSet[str]) -> dict[str, str]:
    """Why each module failed, or nothing; those that wait do it beside the others."""
    modules = every()
    async with asyncio.TaskGroup() as waiting:
        slow = {
            name: waiting.create_task(trial.passes(modules[name], variant))
            for name in SLOW.intersection(names)
        }
        quick = {name: await trial.passes(modules[name], variant) for name in names - slow.keys()}
    return quick | {name: task.result() for name, task in slow.items()}


async def _try(trial: Trial, mutant: Mutant, names: AbstractSet[str]) -> Tried:
    tried = Tried(mutant.name)
    reasons: dict[str, str] = {}
    try:
        with trial.peer.switch.on(MUTANTS.index(mutant)):
            reasons = await _run(trial, mutant.variant, names)
    except* AssertionError as broken:
        tried.harmed["the server"] = str(broken.exceptions[0])
    for name, reason in sorted(reasons.items()):
        if name not in mutant.kills:
            tried.harmed |= {name: reason} if reason else {}
            tried.passed += not reason
        elif reason:
            tried.noticed[name] = reason
        else:
            tried.survived.append(name)
    return tried


def _applicable(variant: Variant) -> frozenset[str]:
    return frozenset(name for name in listed() if variant in variants_of(name))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _table(tried: list[Tried]) -> None:
    for each in tried:
        _tell(f"{'ok' if each.is_right else 'WRONG':5} {each.mutant}; {each.passed} others pass")
        for name in each.noticed:
            _tell(f"        notices   {name.removeprefix(PREFIX)}")
        for name in each.survived:
            _tell(f"        SURVIVES  {name.removeprefix(PREFIX)}")
        for name, reason in each.harmed.items():
            _tell(f"        FAILS TOO {name.removeprefix(PREFIX)}: {reason}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Try every mutant on the modules.")
    parser.add_argument("--all", action="store_true", help="all other modules, not a sample")
    parser.add_argument("--only", default="", help="mutants with this in their name")
    parser.add_argument("--json", action="store_true", help="the reasons too, as JSON")
    options = parser.parse_args()
    failed, tried = asyncio.run(campaign(with_all=options.all, only=options.only))
    if options.json:
        _tell(json.dumps({"without": failed, "mutants": [asdict(each) for each in tried]}))
    else:
        _table(tried)
        for name, reason in failed.items():
            _tell(f"FAILS WITHOUT A MUTANT {name}: {reason}")
    is_right = not failed and all(each.is_right for each in tried)
    survivors = sum(bool(each.survived) for each in tried)
    _say(f"{len(tried)} mutants, {survivors} survive, {len(failed)} modules fail without one")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
