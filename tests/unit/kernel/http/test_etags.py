"""Entity tags: the same bytes have the same tag, and who has them is sent none."""

import pytest

from bezant.kernel.http.etags import etag_of, matches

TAG = etag_of(b'{"posted":"1"}')


def test_a_tag_stands_for_its_bytes() -> None:
    assert etag_of(b'{"posted":"1"}') == TAG != etag_of(b'{"posted":"2"}')


@pytest.mark.parametrize(
    "condition",
    [[TAG], [b"W/" + TAG], [b'"other", ' + TAG], [b'"other"', TAG], [b" * "], [b'"a,b",' + TAG]],
)
def test_who_has_it_is_recognised(condition: list[bytes]) -> None:
    assert matches(condition, TAG)


@pytest.mark.parametrize(
    "condition",
    [[], [b""], [b'"other"'], [TAG[1:-1]], [TAG[:-2] + b'"'], [b'"' + TAG[2:]], [b"\xff,\0"]],
)
def test_who_has_it_not_is_sent_it(condition: list[bytes]) -> None:
    assert not matches(condition, TAG)
