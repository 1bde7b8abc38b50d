"""The list of banks that verify payees, as the platform starts with it."""

from pathlib import Path

import pytest

from bezant.server.errors import PayeeDirectoryUnusable
from bezant.server.payees import payee_directory

IBAN = "DE89370400440532013000"


def test_without_a_file_nobody_is_asked() -> None:
    assert payee_directory(None).find(IBAN) is None


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "directory.json"
    file.write_text('[{"bic": "COBADEFF", "url": "https://vop.example"}]')
    found = payee_directory(str(file)).find(IBAN)
    assert found is not None
    assert found.url == "https://vop.example"


@pytest.mark.parametrize("text", [None, "", "{}", '[{"bic": "COBADEFF"}]'])
def test_a_file_that_is_no_list_keeps_the_platform_from_starting(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "directory.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(PayeeDirectoryUnusable, match="payee_directory"):
        payee_directory(str(file))
