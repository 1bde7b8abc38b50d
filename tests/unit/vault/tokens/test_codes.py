"""Codes leave: once, in time, and overwritten."""

from uuid import UUID

from bezant.vault.tokens.codes import SECONDS_MAX, Codes

TENANT, OTHER = UUID(int=1), UUID(int=2)


class Time:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_code_is_taken_once_and_by_its_tenant() -> None:
    codes = Codes(Time())
    codes.hold(TENANT, "tok_a", "123")
    assert codes.take(OTHER, "tok_a") is None
    assert codes.has(TENANT, "tok_a")
    assert codes.take(TENANT, "tok_a") == bytearray(b"123")
    assert codes.take(TENANT, "tok_a") is None


def test_a_code_is_overwritten_when_its_time_is_over() -> None:
    time = Time()
    codes = Codes(time)
    codes.hold(TENANT, "tok_a", "123")
    held, _ = codes._held[TENANT, "tok_a"]
    time.now = SECONDS_MAX
    assert not codes.has(TENANT, "tok_a")
    assert held == bytes(3)


def test_the_oldest_leaves_when_there_is_no_more_room() -> None:
    codes = Codes(Time(), codes_max=2)
    for name in "abc":
        codes.hold(TENANT, name, "123")
    assert [codes.has(TENANT, name) for name in "abc"] == [False, True, True]


def test_a_new_code_takes_the_place_of_the_former_which_is_overwritten() -> None:
    codes = Codes(Time())
    codes.hold(TENANT, "tok_a", "123")
    held, _ = codes._held[TENANT, "tok_a"]
    codes.hold(TENANT, "tok_a", "456")
    assert held == bytes(3)
    assert codes.take(TENANT, "tok_a") == bytearray(b"456")


def test_everything_is_overwritten_at_the_end() -> None:
    codes = Codes(Time())
    codes.hold(TENANT, "tok_a", "123")
    held, _ = codes._held[TENANT, "tok_a"]
    codes.clear()
    assert (len(codes), bytes(held)) == (0, bytes(3))
