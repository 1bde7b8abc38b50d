"""Whatever mandates there are, signatures are of different principals, who hold or sign."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bezant.banking.mandates.domain import Approval, Approvals, Mandate, Mandates
from bezant.banking.terms.signing import MandateRole

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PARTIES = [UUID(int=number) for number in range(1, 7)]
parties = st.sampled_from(PARTIES)
moments = st.integers(-2, 2).map(lambda hours: NOW + timedelta(hours=hours))


@st.composite
def mandates(draw: st.DrawFn) -> Mandate:
    role = draw(st.sampled_from(MandateRole))
    principal = draw(st.none() | parties) if role is MandateRole.ATTORNEY else None
    ends = draw(st.none() | moments)
    return Mandate(draw(parties), role, draw(moments), ends, principal, draw(st.booleans()))


def by_place(every: list[Mandate]) -> tuple[Mandate, ...]:
    """One for each party and role, as in the database."""
    return tuple({(each.party_id, each.role): each for each in every}.values())


accounts = st.lists(mandates(), max_size=12).map(lambda every: Mandates(by_place(every)))
signatures = st.dictionaries(
    parties, st.builds(Approval, st.just(NOW), st.none() | st.just(NOW))
).map(Approvals)


def own(account: Mandates, *roles: MandateRole) -> set[UUID]:
    """The parties in these roles now."""
    every = account.of_parties
    return {each.party_id for each in every if each.role in roles and each.is_valid(NOW)}


@given(accounts)
def test_everybody_acts_for_themselves_or_for_a_holder_who_gave_them_power(
    account: Mandates,
) -> None:
    holders = own(account, MandateRole.HOLDER)
    first_hand = own(account, MandateRole.HOLDER, MandateRole.SIGNATORY)
    principals = account.principals(NOW)
    for party, principal in principals.items():
        if party in first_hand:
            assert principal == party
        else:
            assert principal in holders
            assert party in own(account, MandateRole.ATTORNEY)
    assert first_hand <= principals.keys()


@given(accounts, signatures)
def test_never_more_signatures_than_holders_and_signatories(
    account: Mandates, signed: Approvals
) -> None:
    most = own(account, MandateRole.HOLDER, MandateRole.SIGNATORY)
    assert signed.count(account, NOW) <= len(most)


@given(accounts, signatures, parties)
def test_a_signature_adds_one_at_most_and_none_beside_the_principals(
    account: Mandates, signed: Approvals, party: UUID
) -> None:
    more = Approvals({**signed.by_party, party: Approval(NOW)})
    added = more.count(account, NOW) - signed.count(account, NOW)
    principals = account.principals(NOW)
    others = {
        principals.get(each)
        for each, approval in signed.by_party.items()
        if approval.revoked_at is None
    }
    assert added == (party in principals and principals[party] not in others)
