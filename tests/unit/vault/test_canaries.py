"""The sweep finds what is planted: in every disguise, at every place of a file."""

import base64
import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from canaries import _WINDOW_BYTES, Canary, Finding, Sweep

PAN = Canary("card", "4000001234562015")
NAME = Canary("name", "Zoë Quillfeather-Ångström")

DISGUISES: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "UTF-16": lambda text: text.encode("utf-16"),
    "big-endian UTF-16": lambda text: text.encode("utf-16-be"),
    "hexadecimal digits": lambda text: text.encode().hex().encode(),
    "capital hexadecimal digits": lambda text: text.encode().hex().upper().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 of JSON": lambda text: base64.b64encode(b'{"a":"' + text.encode() + b'"}'),
    "base64 one further": lambda text: base64.b64encode(b'{"ab":"' + text.encode() + b'"}'),
    "base64 two further": lambda text: base64.urlsafe_b64encode(b'"abc": ' + text.encode() + b","),
    "gzip": lambda text: gzip.compress(b"x" * 100 + text.encode()),
    "zlib": lambda text: zlib.compress(text.encode() * 3),
    "gzip of base64": lambda text: gzip.compress(base64.b64encode(text.encode())),
    "base64 within gzip within gzip": lambda text: gzip.compress(
        gzip.compress(base64.b64encode(text.encode()))
    ),
}


@pytest.mark.parametrize("canary", [PAN, NAME], ids=lambda canary: canary.name)
@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_canary_is_found_in_every_disguise(canary: Canary, disguise: str) -> None:
    sweep = Sweep([PAN, NAME])
    sweep.search("sink", b"before" + DISGUISES[disguise](canary.text) + b"after")
    assert {finding.canary for finding in sweep.findings} == {canary.name}


@pytest.mark.parametrize("written", ["4000 0012 3456 2015", "4000-0012-3456-2015"])
def test_a_card_number_is_found_in_groups(written: str) -> None:
    sweep = Sweep([PAN])
    sweep.search("sink", written.encode())
    assert len(sweep.findings) == 1


def test_a_canary_is_found_across_the_windows_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * (_WINDOW_BYTES - 7) + PAN.text.encode() + b"x" * 100)
    sweep = Sweep([PAN])
    sweep.search_folder("folder", tmp_path)
    assert sweep.findings == {Finding("folder", "card", "plain")}


def test_what_holds_no_canary_is_searched_and_clean() -> None:
    sweep = Sweep([PAN, NAME])
    sweep.search("sink", b"4000001234562014" + gzip.compress(b"Zoe Quillfeather"))
    assert not sweep.findings
    assert sweep.searched == {"sink": 16 + len(gzip.compress(b"Zoe Quillfeather"))}
