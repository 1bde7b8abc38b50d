"""Values of parties become slots and values again, whatever they are."""

import string
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from bezant.banking.parties.fields import field_of, values_in, values_of
from bezant.banking.parties.schemas import Address, IdentityDocument, PartyValues, TaxResidency

texts = st.text(min_size=1, max_size=30)
types = st.sampled_from(["passport", "identity_card"])
countries = st.text(string.ascii_uppercase, min_size=2, max_size=2)


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


values = st.builds(
    PartyValues,
    legal_name=maybe(texts),
    other_names=maybe(st.lists(texts, min_size=1, max_size=10)),
    birth_date=maybe(st.dates(min_value=date(1900, 1, 1))),
    registration_number=maybe(texts),
    addresses=maybe(
        st.lists(st.builds(Address, countries, texts, maybe(texts)), min_size=1, max_size=5)
    ),
    emails=maybe(st.lists(texts, min_size=1, max_size=5)),
    phones=maybe(st.lists(texts, min_size=1, max_size=5)),
    iban=maybe(texts),
    tax_residencies=maybe(
        st.lists(st.builds(TaxResidency, countries, texts), min_size=1, max_size=5)
    ),
    documents=maybe(
        st.lists(
            st.builds(IdentityDocument, types, countries, texts, maybe(st.dates())),
            min_size=1,
            max_size=5,
        )
    ),
)


@given(values)
def test_what_is_taken_apart_is_put_together_the_same(given_values: PartyValues) -> None:
    assert values_of(values_in(given_values)) == given_values


@given(values)
def test_every_slot_has_its_field(given_values: PartyValues) -> None:
    for slot in values_in(given_values):
        assert field_of(slot).name == f"party.{slot.partition('.')[0]}"


@given(values, st.data())
def test_what_is_erased_of_lists_takes_no_other_with_it(
    given_values: PartyValues, data: st.DataObject
) -> None:
    slots = values_in(given_values)
    kept = {slot: value for slot, value in slots.items() if data.draw(st.booleans())}
    found = values_of(kept)
    for residency in found.tax_residencies or ():
        assert residency in (given_values.tax_residencies or ())
    for member in ("documents", "addresses", "emails", "phones"):
        for value in getattr(found, member) or ():
            assert value in (getattr(given_values, member) or ())


def test_what_there_was_one_of_is_the_first_of_several() -> None:
    slots = {"email": "ada@example.com", "phone": "+1", "address": '{"country":"GB","town":"Ely"}'}
    found = PartyValues(emails=["ada@example.com"], phones=["+1"], addresses=[Address("GB", "Ely")])
    assert values_of(slots) == found
    assert values_in(found) == slots
