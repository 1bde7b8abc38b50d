"""The codes of the SEPA schemes are codes of the standard, and each has its meaning."""

from itertools import combinations
from pathlib import Path

import msgspec
import pytest

from bezant.payments.bulk.domain import CODES as OF_REFUSALS
from bezant.payments.bulk.domain import ItemOutcome, status_of, status_of_all
from bezant.payments.direct_debits.reasons import CODES as OF_DEBITS
from bezant.payments.direct_debits.reasons import Back
from bezant.payments.incoming.domain import (
    BLOCKED_ACCOUNT,
    CLOSED_ACCOUNT,
    DUPLICATE,
    FORBIDDEN,
    NO_SUCH_ACCOUNT,
)
from bezant.payments.rails.sepa.codes import (
    REFUSED,
    SETS,
    TIMEOUTS,
    Use,
    allowed,
    fit,
    meaning_of,
)
from bezant.payments.rails.sepa.returning import FOLLOWING_RECALL
from bezant.payments.returns.domain import NO_SUCH_PAYMENT, NOT_TAKEN, Reason
from bezant.payments.states import OrderState

SCHEMES = ("sct", "sct_inst", "sdd")
EVERY = [(use, scheme, code) for use in Use for scheme in SCHEMES for code in allowed(use, scheme)]


@pytest.fixture(scope="module")
def code_sets(vectors: Path) -> dict[str, set[str]]:
    """The external code sets of the standard."""
    content = (vectors / "payments/iso20022/external_codes_2Q2026_v3.json").read_bytes()
    definitions = msgspec.json.decode(content)["definitions"]
    return {name: set(each.get("enum", ())) for name, each in definitions.items()}


@pytest.mark.parametrize(("use", "scheme", "code"), EVERY)
def test_a_code_is_one_of_the_standard_and_means_one_state(
    code_sets: dict[str, set[str]], use: Use, scheme: str, code: str
) -> None:
    assert code in code_sets[SETS[use]]
    meaning = meaning_of(use, code, scheme)
    assert meaning.is_known
    assert scheme in meaning.schemes
    expected: dict[Use, set[OrderState | None]] = {
        Use.REJECT: {OrderState.REJECTED},
        Use.RETURN: {OrderState.RETURNED},
        Use.RECALL: {None},
        Use.RECALL_REFUSED: {OrderState.SETTLED},
        Use.STATUS: {OrderState.SETTLED, OrderState.PENDING, OrderState.REJECTED},
    }
    assert meaning.state in expected[use]


def test_no_code_stands_twice_in_a_list() -> None:
    for use in Use:
        for scheme in SCHEMES:
            codes = allowed(use, scheme)
            assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("code", sorted(TIMEOUTS))
def test_a_timeout_of_the_clearing_system_is_a_final_rejection(code: str) -> None:
    meaning = meaning_of(Use.REJECT, code, "sct_inst")
    assert (meaning.state, meaning.is_known) == (OrderState.REJECTED, True)


def test_an_unknown_code_is_kept_and_means_what_its_message_means() -> None:
    meaning = meaning_of(Use.REJECT, "XX99", "sct_inst")
    assert (meaning.code, meaning.state, meaning.is_known) == ("XX99", OrderState.REJECTED, False)


def test_an_unknown_status_moves_nothing() -> None:
    assert meaning_of(Use.STATUS, "XXXX", "sct_inst").state is None


def test_accepted_is_settled_for_an_instant_payment_alone() -> None:
    assert meaning_of(Use.STATUS, "ACCP", "sct_inst").state is OrderState.SETTLED
    assert meaning_of(Use.STATUS, "ACCP", "sct").state is OrderState.PENDING


SETS_OF_DEBITS = {
    Back.REJECT: "ExternalStatusReason1Code",
    Back.REFUSAL: "ExternalStatusReason1Code",
    Back.CANCELLATION: "ExternalCancellationReason1Code",
    Back.RETURN: "ExternalReturnReason1Code",
    Back.REFUND: "ExternalReturnReason1Code",
    Back.REVERSAL: "ExternalReversalReason1Code",
}
OWN = {("AM05", Back.CANCELLATION)}
"""Between a creditor and their own bank, which tells another bank DUPL."""

OF_FILES = {"FF01", "TM01"}
"""What clearing systems say of files and their time, not of collections."""


@pytest.mark.parametrize("back", Back)
def test_a_reason_of_direct_debits_is_one_of_the_standards(
    code_sets: dict[str, set[str]], back: Back
) -> None:
    listed = {code for code, backs in OF_DEBITS.items() if back in backs}
    assert listed
    outside = {(code, back) for code in listed - code_sets[SETS_OF_DEBITS[back]]}
    assert outside == {each for each in OWN if each[1] is back}


def test_both_tables_of_direct_debits_say_the_same() -> None:
    def listed(*backs: Back) -> set[str]:
        return {code for code, found in OF_DEBITS.items() if found & set(backs)}

    assert set(allowed(Use.REJECT, "sdd")) == listed(Back.REJECT, Back.REFUSAL) | OF_FILES
    assert set(allowed(Use.RETURN, "sdd")) == listed(Back.RETURN, Back.REFUND)
    cancelled = listed(Back.CANCELLATION) - {code for code, _ in OWN}
    assert cancelled <= set(allowed(Use.RECALL, "sdd"))


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_code_of_the_standard_has_a_meaning_and_is_known_where_it_is_allowed(
    code_sets: dict[str, set[str]], use: Use, scheme: str
) -> None:
    of_message = {
        Use.REJECT: OrderState.REJECTED,
        Use.RETURN: OrderState.RETURNED,
        Use.RECALL: None,
        Use.RECALL_REFUSED: OrderState.SETTLED,
    }
    for code in code_sets[SETS[use]]:
        meaning = meaning_of(use, code, scheme)
        assert meaning.code == code
        assert meaning.is_known == (code in allowed(use, scheme))
        if use is Use.STATUS:
            # A status that no scheme lists moves nothing, whatever it may mean elsewhere.
            assert (meaning.state is None) == (not meaning.is_known)
        else:
            assert meaning.state is of_message[use]


def test_the_rulebooks_of_2025_know_no_amount_that_is_too_large_at_once() -> None:
    assert "AM02" not in allowed(Use.REJECT, "sct_inst")
    assert not meaning_of(Use.REJECT, "AM02", "sct_inst").is_known
    assert meaning_of(Use.REJECT, "AM02", "sct").is_known


def test_what_customers_are_reported_is_in_the_standards_words(
    code_sets: dict[str, set[str]],
) -> None:
    assert set(OF_REFUSALS.values()) <= code_sets["ExternalStatusReason1Code"]
    statuses = {
        status_of(outcome, state) for outcome in ItemOutcome for state in (None, *OrderState)
    }
    assert statuses <= code_sets["ExternalPaymentTransactionStatus1Code"]
    groups = {status_of_all(each) for count in (1, 2, 3) for each in combinations(statuses, count)}
    assert groups <= code_sets["ExternalPaymentGroupStatus1Code"]
    assert {"RJCT", "PART", "ACSC", "PDNG"} <= groups


def test_what_is_refused_to_be_given_back_is_refused_in_the_standards_words(
    code_sets: dict[str, set[str]],
) -> None:
    assert REFUSED in code_sets["ExternalInvestigationExecutionConfirmation1Code"]


@pytest.mark.parametrize("rail", ["sct", "sct_inst"])
def test_what_we_ask_and_answer_of_recalls_is_in_codes_of_the_scheme(rail: str) -> None:
    assert {*Reason} == set(allowed(Use.RECALL, rail))
    assert FOLLOWING_RECALL in allowed(Use.RETURN, rail)
    assert {NO_SUCH_PAYMENT, NOT_TAKEN} <= set(allowed(Use.RECALL_REFUSED, rail))


@pytest.mark.parametrize(
    ("use", "rail"), [(Use.REJECT, "sct"), (Use.REJECT, "sct_inst"), (Use.RETURN, "sct")]
)
def test_what_the_core_refuses_credits_with_is_told_as_it_is(use: Use, rail: str) -> None:
    for code in (NO_SUCH_ACCOUNT, CLOSED_ACCOUNT, BLOCKED_ACCOUNT, FORBIDDEN, DUPLICATE):
        assert fit(use, code, rail) == code
    assert fit(use, "XX99", rail) in allowed(use, rail)
