"""Who answers about an account: by the bank's code, else by its BIC."""

from pathlib import Path

import msgspec
import pytest

from bezant.payments.vop import ListedPayees, Responder

COMMERZBANK = "DE89370400440532013000"


def test_a_bank_is_found_by_its_code_before_its_bic(tmp_path: Path) -> None:
    file = tmp_path / "directory.json"
    file.write_text(
        '[{"bic": "COBADEFFXXX", "url": "https://a.example"},'
        ' {"bic": "AAAADEFF", "url": "https://b.example/vop", "banks": ["DE37040044"]}]'
    )
    assert ListedPayees.read(file).find(COMMERZBANK) == Responder(
        "AAAADEFF", "https://b.example/vop", banks=("DE37040044",)
    )


def test_a_bank_is_found_by_the_bic_that_its_code_is_known_for() -> None:
    known = Responder("COBADEFF", "https://a.example")
    listed = ListedPayees([known])
    assert listed.find(COMMERZBANK) == known
    assert listed.find("GB33BUKB20201555555555") is None
    assert listed.find("XX00") is None


def test_a_bank_may_have_files_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "directory.json"
    file.write_text(
        '[{"bic": "COBADEFF", "url": "https://a.example", "authorities": "/etc/a.pem",'
        ' "certificate": "/etc/our.pem", "token": "/run/token"}]'
    )
    found = ListedPayees.read(file).find(COMMERZBANK)
    assert found == Responder(
        "COBADEFF",
        "https://a.example",
        authorities=Path("/etc/a.pem"),
        certificate=Path("/etc/our.pem"),
        token=Path("/run/token"),
    )


@pytest.mark.parametrize(
    "entry",
    [
        '{"bic": "COBADEFF", "url": "http://a.example"}',
        '{"bic": "COBA", "url": "https://a.example"}',
        '{"bic": "COBADEFF", "url": "https://a.example", "password": "x"}',
        '{"bic": "COBADEFF", "url": "https://a.example", "authorities": 7}',
        '{"bic": "COBADEFF", "url": "https://user:secret@a.example"}',
    ],
)
def test_a_directory_that_cannot_be_meant_is_refused(tmp_path: Path, entry: str) -> None:
    file = tmp_path / "directory.json"
    file.write_text(f"[{entry}]")
    with pytest.raises(msgspec.ValidationError):
        ListedPayees.read(file)
