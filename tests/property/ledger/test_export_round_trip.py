"""Whatever records a history has, both encodings give them back to the bit."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.ledger.export import Encoding
from bezant.ledger.export.encodings import open_part, read_part
from bezant.ledger.export.records import (
    AccountEventRecord,
    BatchRecord,
    ContentRecord,
    HoldEventRecord,
    LimitGroupEventRecord,
    Record,
    TransferRecord,
)

ENCODINGS: tuple[Encoding, ...] = ("jsonl", "parquet")

numbers = st.integers(0, 2**63 - 1)
legs = st.integers(0, 2**15 - 1)
amounts = st.integers(0, 10**39 - 1).map(str)
texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=40)
hashes = st.binary(max_size=40)
days = st.dates(date(1, 1, 1), date(9999, 12, 31))
instants = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds

records: st.SearchStrategy[Record] = st.one_of(
    st.builds(
        TransferRecord,
        numbers, legs, st.uuids(), texts, numbers, numbers, amounts, texts, days, days, instants,
        instants, st.none() | hashes,
    ),
    st.builds(
        AccountEventRecord,
        numbers, texts, numbers, texts, texts, texts, texts, instants, st.none() | amounts,
        st.none() | amounts, st.none() | amounts, st.none() | texts, st.none() | instants,
    ),
    st.builds(
        LimitGroupEventRecord,
        numbers, texts, texts, texts, texts, instants, st.none() | amounts, st.none() | amounts,
        st.none() | amounts,
    ),
    st.builds(
        HoldEventRecord,
        numbers, legs, st.uuids(), st.uuids(), st.none() | texts, st.none() | instants,
    ),
    st.builds(ContentRecord, numbers, hashes, st.binary(max_size=200)),
    st.builds(BatchRecord, numbers, numbers, numbers, hashes),
)  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(written=st.lists(st.lists(records, min_size=1, max_size=8), max_size=4))
def test_a_part_gives_back_what_was_written(
    encoding: Encoding, written: Sequence[Sequence[Record]]
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "part"
        with open_part(path, encoding) as part:
            for some in written:
                part.write(some)
        assert list(read_part(path, encoding)) == [record for some in written for record in some]
