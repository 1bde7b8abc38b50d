"""Split custody: enough shares open the secret, fewer say nothing, and a wrong one is named."""

import itertools
import os
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bezant.vault.keystores.shares import (
    SHARES_MAX,
    Share,
    ShareRefused,
    _inverse,
    _times,
    combine,
    split,
)

SECRETS = st.binary(min_size=1, max_size=40)


@st.composite
def divisions(draw: st.DrawFn) -> tuple[int, int]:
    """A threshold, and how many shares."""
    count = draw(st.integers(2, 12))
    return draw(st.integers(2, count)), count


def given_bytes(*answers: bytes) -> Callable[[int], bytes]:
    """A source of chosen bytes."""
    left = iter(answers)

    def read(count: int) -> bytes:
        answer = next(left)
        assert len(answer) == count
        return answer

    return read


@given(SECRETS, divisions())
def test_any_k_shares_open_in_any_order(secret: bytes, division: tuple[int, int]) -> None:
    threshold, count = division
    shares = split(secret, threshold, count, os.urandom)
    for chosen in itertools.islice(itertools.combinations(shares, threshold), 30):
        assert combine(chosen) == secret
        assert combine(chosen[::-1]) == secret
    assert combine(shares) == secret


@given(SECRETS, divisions())
def test_fewer_shares_are_refused(secret: bytes, division: tuple[int, int]) -> None:
    threshold, count = division
    shares = split(secret, threshold, count, os.urandom)
    with pytest.raises(ShareRefused, match=f"{threshold} shares open it; {threshold - 1} are"):
        combine(shares[: threshold - 1])
    # The same one twice is not two.
    with pytest.raises(ShareRefused):
        combine([shares[0]] * threshold)
    with pytest.raises(ShareRefused):
        combine([])


@pytest.mark.parametrize("secret", [0x00, 0x53])
@pytest.mark.parametrize(("threshold", "numbers"), [(2, (1,)), (2, (7,)), (3, (1, 3))])
def test_fewer_than_k_shares_are_uniform_whatever_the_secret(
    secret: int, threshold: int, numbers: tuple[int, ...]
) -> None:
    """All coefficients, one after the other: every value of k - 1 shares comes equally often."""
    seen: Counter[tuple[int, ...]] = Counter()
    for coefficients in itertools.product(range(256), repeat=threshold - 1):
        source = given_bytes(bytes(4), bytes(coefficients))
        shares = split(bytes([secret]), threshold, max(threshold, *numbers), source)
        seen[tuple(shares[number - 1].value[0] for number in numbers)] += 1
    assert len(seen) == 256 ** (threshold - 1)
    assert set(seen.values()) == {1}


def test_k_shares_are_not_uniform() -> None:
    """The control: with one more share the secret is all there is."""
    seen = set()
    for coefficient in range(256):
        shares = split(b"\x53", 2, 2, given_bytes(bytes(4), bytes([coefficient])))
        seen.add((shares[0].value[0], shares[1].value[0]))
    assert len(seen) == 256 < 256**2


@given(SECRETS, divisions())
def test_a_share_survives_paper(secret: bytes, division: tuple[int, int]) -> None:
    for share in split(secret, *division, os.urandom):
        text = share.text()
        assert Share.read(text) == share
        assert Share.read(f"  {text.upper()[:20]}\n {text.upper()[20:]}\n") == share


@settings(max_examples=300)
@given(st.data())
def test_a_mistyped_share_is_noticed(data: st.DataObject) -> None:
    text = split(bytes(32), 3, 5, os.urandom)[1].text()
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567-_0189"))
    change = data.draw(st.sampled_from(["replace", "leave out", "swap"]))
    if change == "replace":
        wrong = text[:at] + letter + text[at + 1 :]
    elif change == "leave out":
        wrong = text[:at] + text[at + 1 :]
    else:
        wrong = text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
    # Dashes only help the eye.
    if wrong.replace("-", "") == text.replace("-", ""):
        assert Share.read(wrong) == Share.read(text)
        return
    with pytest.raises(ShareRefused, match=r"^is (mistyped|no share)") as refused:
        Share.read(wrong)
    assert text[-20:] not in str(refused.value)


def test_shares_of_two_sets_do_not_mix() -> None:
    one, two = (split(b"secret", 2, 3, os.urandom) for _ in range(2))
    with pytest.raises(ShareRefused, match="different sets"):
        combine([one[0], two[1]])


def test_a_forged_share_beside_enough_good_ones_is_named() -> None:
    shares = split(b"secret", 2, 3, os.urandom)
    forged = Share(shares[0].set, 2, 3, 3, b"forged")
    with pytest.raises(ShareRefused, match="Share 3 does not agree"):
        combine([shares[0], shares[1], forged])
    with pytest.raises(ShareRefused, match="one number"):
        combine([shares[0], shares[2], forged])


def test_as_many_shares_as_the_field_has_numbers_open() -> None:
    shares = split(b"secret", SHARES_MAX, SHARES_MAX, os.urandom)
    assert combine(shares) == b"secret"


def test_a_share_is_not_shown() -> None:
    share = split(b"secret", 2, 3, os.urandom)[0]
    assert repr(share) == "[redacted]"


def test_the_field_is_that_of_aes() -> None:
    # FIPS 197, section 4.2: {57} x {83} = {c1}.
    assert _times(0x57, 0x83) == 0xC1
    assert all(_times(each, _inverse(each)) == 1 for each in range(1, 256))
