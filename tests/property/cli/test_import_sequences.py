"""However statements reach us, the book ends as if they had come once, whole and in order."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bezant.cli.client import ApiError
from bezant.cli.statement_import import booking
from bezant.cli.statement_import.decision import ImportRefused
from recorded_platform import Desk
from statements import DAY, Balance, Movement, Payment, Statement

PEOPLE = ("Alice", "Bob", "")

amounts = st.integers(-1_000, 1_000)


@st.composite
def runs(draw: st.DrawFn, *, at_least: int = 1) -> list[Statement]:
    """Statements of one account, a day each, each opening where the one before closed."""
    run, opening = [], draw(amounts)
    for number in range(1, draw(st.integers(at_least, 4)) + 1):
        day = DAY + timedelta(days=number)
        movements = [
            Movement(
                draw(amounts),
                (Payment(name=draw(st.sampled_from(PEOPLE))),),
                day,
                day + timedelta(days=draw(st.integers(-2, 0))),
            )
            for _ in range(draw(st.integers(0, 4)))
        ]
        statement = Statement(movements, opening, id=f"S{number}", number=number, day=day)
        closing = opening + statement.booked
        statement.balances = [
            Balance("OPBD", opening, day),
            Balance("CLBD", closing, day),
            Balance("CLAV", closing, day),
        ]
        run.append(statement)
        opening = closing
    return run


def entries_of(movements: list[Movement]) -> set[tuple[int, int, date, date | None]]:
    """What a statement's entries are known by; who paid is not part of it."""
    booked = [each for each in movements if each.amount]
    return {(at, each.amount, each.booked, each.valued) for at, each in enumerate(booked)}


@given(runs(), st.data())
def test_a_run_arrives_in_files_and_pieces_and_repeatedly(
    run: list[Statement], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(booking, "BATCH_TRANSACTIONS_MAX", data.draw(st.integers(1, 3)))
        whole, pieces = Desk(Path(folder)), Desk(Path(folder))
        assert whole.load(*run).agrees
        cuts = sorted({0, len(run), *data.draw(st.lists(st.integers(0, len(run)), max_size=3))})
        for start, end in pairwise(cuts):
            # Files of banks overlap, and imports are cut off.
            file = run[data.draw(st.integers(0, start)) : end]
            pieces.platform.batches_left = data.draw(st.integers(0, 4))
            try:
                pieces.load(*file)
            except ApiError as error:
                assert error.code == "UNREACHABLE"  # noqa: PT017 - a cut does not always come
                pieces.platform.batches_left = 1_000
                assert pieces.load(*file).agrees
        pieces.platform.batches_left = 1_000
        assert pieces.load(*run).agrees
        assert pieces.platform.state() == whole.platform.state()


@given(runs(at_least=3), st.data())
def test_a_run_with_a_hole_that_moves_money_is_refused(
    run: list[Statement], data: st.DataObject
) -> None:
    moving = [at for at, each in enumerate(run[:-1]) if at and each.booked]
    assume(moving)
    hole = data.draw(st.sampled_from(moving))
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        with pytest.raises(ImportRefused):
            desk.load(*run[:hole], *run[hole + 1 :])
        assert not desk.platform.held


@given(runs(), st.data())
def test_a_statement_that_was_changed_never_changes_the_book(
    run: list[Statement], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(run) - 1))
    changed = replace(run[at], movements=[*run[at].movements])
    movements = changed.movements
    assume(len(movements) > 1)
    first, second = data.draw(st.permutations(range(len(movements))))[:2]
    moved = data.draw(st.integers(1, 1_000))
    movements[first] = replace(movements[first], amount=movements[first].amount + moved)
    movements[second] = replace(movements[second], amount=movements[second].amount - moved)
    # What is only added to, or was without movements, looks like an import that was interrupted.
    assume(entries_of(run[at].movements) - entries_of(movements))
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        desk.load(*run)
        before = desk.platform.state()
        with pytest.raises(ImportRefused):
            desk.load(changed)
        assert desk.platform.state() == before
