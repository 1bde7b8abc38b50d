"""Nothing of the suite's list is left out."""

from conformance.fapi.modules import every, listed
from conformance.fapi.mutants.table import MUTANTS


def test_every_module_that_is_not_of_a_country_is_run() -> None:
    assert every().keys() == listed().keys()


def test_every_module_has_a_mutant_that_it_notices() -> None:
    assert set().union(*(mutant.kills for mutant in MUTANTS)) == listed().keys()


def test_no_two_mutants_have_the_same_name() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)
