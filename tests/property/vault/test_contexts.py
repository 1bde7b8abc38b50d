"""Two contexts have the same bytes only when they are the same."""

from hypothesis import given
from hypothesis import strategies as st

from bezant.vault.crypto.context import Context, length_prefixed

contexts = st.builds(
    Context,
    st.uuids(),
    st.uuids(),
    st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()),
    st.uuids(),
    st.integers(1, 2**62),
)


@given(contexts, contexts)
def test_bytes_are_equal_exactly_for_equal_contexts(one: Context, other: Context) -> None:
    assert (one.canonical() == other.canonical()) == (one == other)


@given(st.lists(st.binary(max_size=5), max_size=5), st.lists(st.binary(max_size=5), max_size=5))
def test_no_two_rows_of_parts_run_together(one: list[bytes], other: list[bytes]) -> None:
    assert (length_prefixed(*one) == length_prefixed(*other)) == (one == other)
