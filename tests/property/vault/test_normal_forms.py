"""A normal form is the normal form of itself, so that what was stored is found."""

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.errors import Refusal
from bezant.vault.fields.normal import normal_email, normal_iban, normal_phone, normal_tax_id

words = st.text(st.characters(categories=["L", "M", "N"]), min_size=1, max_size=12)
texts = (
    st.text(max_size=40)
    | st.builds("{}@{}.{}".format, words, words, words)
    | st.from_regex(r"\+[0-9 ()\-]{6,20}", fullmatch=True)
    | st.from_regex(r"[A-Za-z]{2}[0-9 \-./]{4,22}", fullmatch=True)
)


@pytest.mark.parametrize("normal", [normal_email, normal_phone, normal_iban, normal_tax_id])
@given(text=texts)
def test_a_normal_form_is_its_own(normal: Callable[[str], str], text: str) -> None:
    try:
        form = normal(text)
    except Refusal:
        return
    assert normal(form) == form


@given(local=words, host=words)
def test_case_does_not_matter_in_an_address(local: str, host: str) -> None:
    forms = set()
    for change, other in product([str.upper, str.lower, str.title], repeat=2):
        try:
            forms.add(normal_email(f"{change(local)}@{other(host)}.example"))
        except Refusal:
            forms.add("")
    # Letters whose cases differ by more than case (the dotted i of Turkish) may stay apart.
    if f"{local}{host}".isascii():
        assert len(forms) == 1
