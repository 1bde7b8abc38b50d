"""However legs are dated: what blocks and chunks say at any pair of times is what all legs say."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from bezant.ledger.domain import Kind
from bezant.ledger.history import Axis, Sums
from bezant.ledger.history.blocks import Chunk, Leg, Shape, chunks_of
from bezant.ledger.history.moments import instant_of

START = datetime(2020, 1, 1, tzinfo=UTC)
Block = tuple[int, int, int, list[Leg]]
"""Level, the number after which it begins, its last one, its legs."""

instants = st.integers(0, 9).map(lambda hours: START + timedelta(hours=8 * hours))
days = st.integers(0, 4).map(lambda day: date(2020, 1, 1) + timedelta(days=day))
amounts = st.integers(0, 3) | st.integers(2**127, 2**128 - 1)
shapes = st.builds(
    Shape,
    block_legs=st.integers(1, 6),
    fan_out=st.integers(2, 4),
    levels=st.integers(1, 3),
    chunk_legs=st.integers(1, 5),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Leg]:
    """An account's legs in the order of recording; transactions may have several."""
    legs = []
    for seq in range(1, draw(st.integers(0, 40)) + 1):
        at = draw(instants)
        legs += [
            Leg(
                seq,
                number,
                draw(st.booleans()),
                draw(st.sampled_from(Kind)),
                draw(amounts),
                at,
                draw(days),
                draw(days),
            )
            for number in range(draw(st.sampled_from([1, 1, 1, 2, 7])))
        ]
    return legs


def blocks_of(legs: Sequence[Leg], shape: Shape) -> list[Block]:
    """All blocks that a history fills, of every level."""
    blocks: list[Block] = []
    ends = [0]
    open_legs: list[Leg] = []
    for seq, group in groupby(legs, key=lambda leg: leg.seq):
        open_legs += group
        if len(open_legs) < shape.block_legs:
            continue
        ends.append(seq)
        open_legs = []
        for level, length in shape.closed_by(len(ends) - 2):
            after = ends[-1 - length]
            blocks.append((level, after, seq, [leg for leg in legs if after < leg.seq <= seq]))
    return blocks


def cover(blocks: Sequence[Block], seq: int) -> list[Block]:
    """The largest blocks that follow each other from the beginning and end by a number."""
    chosen: list[Block] = []
    while True:
        at = chosen[-1][2] if chosen else 0
        here = [block for block in blocks if block[1] == at and block[2] <= seq]
        if not here:
            return chosen
        chosen.append(max(here, key=lambda block: block[0]))


def add(sums: Sums, more: Sums) -> Sums:
    return Sums(
        sums.debits_posted + more.debits_posted,
        sums.credits_posted + more.credits_posted,
        sums.debits_pending + more.debits_pending,
        sums.credits_pending + more.credits_pending,
        sums.version + more.version,
    )


def add_up(legs: Sequence[Leg], axis: Axis, until: datetime, seq: int) -> Sums:
    """One by one."""
    sums = Sums()
    for leg in legs:
        if leg.seq <= seq and leg.position(axis)[0] <= until:
            sums.take("debit" if leg.is_debit else "credit", leg.kind, leg.amount, 1)
    return sums


def containing(chunks: Sequence[Chunk], until: datetime) -> Chunk | None:
    """The last that begins by an instant."""
    return next((chunk for chunk in reversed(chunks) if chunk.first[0] <= until), None)


@given(histories(), shapes, st.sampled_from(Axis), instants | days, st.integers(0, 41))
def test_blocks_and_what_they_leave_give_the_sums_at_every_pair(
    legs: list[Leg], shape: Shape, axis: Axis, until: datetime | date, seq: int
) -> None:
    moment = instant_of(until)
    chosen = cover(blocks_of(legs, shape), seq)
    sums = Sums()
    for _, _, _, held in chosen:
        chunk = containing(chunks_of(held, axis, shape.chunk_legs), moment)
        if chunk is not None:
            sums = add(sums, chunk.sums_until(moment))
    end = chosen[-1][2] if chosen else 0
    rest = [leg for leg in legs if leg.seq > end]
    assert add(sums, add_up(rest, axis, moment, seq)) == add_up(legs, axis, moment, seq)


@given(histories(), shapes, st.sampled_from(Axis))
def test_a_block_holds_each_of_its_legs_once_and_in_order(
    legs: list[Leg], shape: Shape, axis: Axis
) -> None:
    chunks = chunks_of(legs, axis, shape.chunk_legs)
    places = [
        place for chunk in chunks for place in zip(chunk.ats, chunk.seqs, chunk.legs, strict=True)
    ]
    assert places == sorted(leg.position(axis) for leg in legs)
    assert all(len(chunk.ats) == shape.chunk_legs for chunk in chunks[:-1])


@given(histories(), shapes)
def test_few_blocks_cover_a_long_history(legs: list[Leg], shape: Shape) -> None:
    blocks = blocks_of(legs, shape)
    chosen = cover(blocks, 1 << 62)
    lowest = sum(level == 0 for level, _, _, _ in blocks)
    top = shape.levels - 1
    assert [level for level, _, _, _ in chosen] == sorted(
        (level for level, _, _, _ in chosen), reverse=True
    )
    assert len(chosen) <= lowest // shape.fan_out**top + top * (shape.fan_out - 1)
    covered = chosen[-1][2] if chosen else 0
    assert sum(leg.seq > covered for leg in legs) < shape.block_legs


@given(st.permutations(range(12)), shapes, st.sampled_from(Axis), instants)
def test_the_order_of_recording_changes_no_sum(
    order: list[int], shape: Shape, axis: Axis, until: datetime
) -> None:
    def read(places: Sequence[int]) -> Sums:
        legs = [
            Leg(
                seq,
                0,
                place % 3 == 0,
                list(Kind)[place % 5],
                place,
                START + timedelta(hours=7 * place),
                date(2020, 1, 1 + place),
                date(2020, 1, 12 - place),
            )
            for seq, place in enumerate(places, 1)
        ]
        sums = Sums()
        chosen = cover(blocks_of(legs, shape), len(legs))
        for _, _, _, held in chosen:
            chunk = containing(chunks_of(held, axis, shape.chunk_legs), until)
            sums = sums if chunk is None else add(sums, chunk.sums_until(until))
        rest = [leg for leg in legs if leg.seq > (chosen[-1][2] if chosen else 0)]
        return add(sums, add_up(rest, axis, until, len(legs)))

    assert read(order) == read(range(12))
