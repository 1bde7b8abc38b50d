"""Identifiers are UUIDv7 that strictly increase."""

import time
from uuid import RFC_4122, UUID

from bezant.kernel.ids import TimeOrderedIds


def test_ids_are_version_7_and_strictly_increase() -> None:
    ids = TimeOrderedIds()
    made = [ids.new() for _ in range(50_000)]
    assert made == sorted(set(made))
    assert {(each.version, each.variant) for each in made} == {(7, RFC_4122)}


def test_an_id_tells_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = TimeOrderedIds().new()
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_two_processes_make_different_ids() -> None:
    assert TimeOrderedIds().new() != TimeOrderedIds().new()
    assert isinstance(TimeOrderedIds().new(), UUID)
