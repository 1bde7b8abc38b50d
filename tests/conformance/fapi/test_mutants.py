"""That modules notice what is wrong: a slice of `make mutants`, on the platform of the modules."""

import pytest

from conformance.fapi.bezant import Bezant
from conformance.fapi.modules import every
from conformance.fapi.mutants.mutant import MUTANTS, PREFIX, Mutant
from conformance.fapi.mutants.trial import Trial
from conformance.fapi.peers import Peer

SLICE = [
    "RS256 is announced",
    "request objects are taken with none",
    "request objects are taken with RS256",
    "request objects do not expire",
    "signatures of request objects are not checked",
    "clients that sign may push what is not signed",
    "an assertion may be for several servers",
    "nbf and iat of an assertion may be far ahead",
    "a redirect URI need only begin like one",
    "PKCE is not required",
    "a request_uri may be pushed",
    "a verifier is not compared",
    "a code is good for every client",
    "bound tokens are bearer tokens too",
    "state is not returned with errors",
]
"""Of each kind some, whose modules are quick."""

CONTROL = f"{PREFIX}ensure-other-scope-order-succeeds"
"""A whole flow, which none of the slice breaks."""


@pytest.fixture
def trial(peer: Peer) -> Trial:
    if not isinstance(peer, Bezant):
        pytest.skip("mutants are ours")
    return Trial(peer)


@pytest.mark.parametrize("mutant", [mutant for mutant in MUTANTS if mutant.name in SLICE], ids=str)
async def test_a_mutant_is_noticed_by_its_modules_and_by_no_flow(
    trial: Trial, mutant: Mutant
) -> None:
    modules = every()
    for name in sorted(mutant.kills):
        assert await trial.notices(mutant, modules[name]), f"it survives {name}"
        assert not await trial.passes(modules[name], mutant.variant), f"{name} without it"
    assert not await trial.notices(mutant, modules[CONTROL])


def test_every_mutant_of_the_slice_is_one() -> None:
    assert set(SLICE) <= {mutant.name for mutant in MUTANTS}
