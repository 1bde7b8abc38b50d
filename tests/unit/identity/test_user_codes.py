"""User codes: what is drawn can be typed, however people type it."""

import pytest

from bezant.identity.device_grant import UserCodes, read_user_code, write_user_code
from bezant.identity.device_grant.user_codes import ALPHABET

CODE = "WDJBMJHT"


@pytest.mark.parametrize(
    "typed",
    ["WDJBMJHT", "WDJB-MJHT", "wdjb-mjht", " wdjb mjht ", "W-D-J-B-M-J-H-T", "wdjb—mjht"],
    ids=["plain", "as-shown", "small", "spaces", "dashes", "long-dash"],
)
def test_a_code_is_the_same_however_it_is_typed(typed: str) -> None:
    assert read_user_code(typed) == CODE


@pytest.mark.parametrize(
    "typed",
    ["", "WDJBMJH", "WDJBMJHTT", "WDJBMJHA", "WDJBMJH1", "\uff37DJBMJHT", "W" * 41],
    ids=["empty", "short", "long", "vowel", "digit", "other-script", "endless"],
)
def test_what_no_code_looks_like_is_none(typed: str) -> None:
    assert read_user_code(typed) is None


def test_a_code_is_read_as_it_was_shown() -> None:
    code = UserCodes(bytes(32)).draw()
    assert read_user_code(write_user_code(code)) == code
    assert write_user_code(CODE) == "WDJB-MJHT"


def test_every_letter_is_as_likely_as_another() -> None:
    drawn = iter([bytes(range(start, start + 16)) for start in range(0, 256, 16)])
    codes = UserCodes(bytes(32), lambda _: next(drawn))
    # Each call takes the first eight of sixteen bytes in turn; those from 240 on count for none.
    letters = "".join(codes.draw() for _ in range(15))
    assert letters == "".join(
        ALPHABET[each % 20] for start in range(0, 240, 16) for each in range(start, start + 8)
    )
    with pytest.raises(StopIteration):
        codes.draw()


def test_a_digest_says_nothing_to_who_has_not_the_key() -> None:
    ours, others = UserCodes(bytes(32)), UserCodes(b"o" * 32)
    assert ours.digest(CODE) == UserCodes(bytes(32)).digest(CODE)
    assert ours.digest(CODE) != others.digest(CODE)
