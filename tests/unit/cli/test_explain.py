"""`bezant explain`: what the policies say, with those that decide."""

import pytest
from typer import Typer
from typer.testing import CliRunner

from bezant.cli import explain

# (arguments, exit status, the first line, what else it says)
ASKED = {
    "a role": (["ledger:write", "--role", "operations"], 0, "Allowed.", "By operations:"),
    "no role": (["ledger:write"], 1, "Denied.", "No policy permits it."),
    "an account of one's own": (
        [
            "ledger:read", "--read", "--relation", "owns_account", "--operation", "get_balance",
        ],
        0, "Allowed.", "By own-accounts:",
    ),
    "what the bank keeps about it": (
        [
            "ledger:read", "--read", "--relation", "owns_account", "--operation", "list_imports",
        ],
        1, "Denied.", "No policy permits it.",
    ),
    "two roles that exclude each other": (
        ["ledger:close", "--role", "operations", "--role", "compliance"],
        1, "Denied.", "By who-books-does-not-close:",
    ),
    "another tenant's": (
        ["ledger:read", "--role", "owner", "--foreign"], 1, "Denied.", "By own-tenant-only:",
    ),
    "a login that is too old": (
        ["users:write", "--role", "owner", "--login-age-s", "901"],
        1, "Denied.", "It takes a login of urn:bezant:acr:sca, at most 900 s old.",
    ),
    "a second person": (
        ["vault:keys", "--role", "owner"], 1, "Denied.", "It takes the approval of another person.",
    ),
    "a second person who approved": (
        ["vault:keys", "--role", "owner", "--approved"], 0, "Allowed.", "By owner:",
    ),
    "a credential that grants less": (
        ["ledger:write", "--kind", "api_key", "--granted", "ledger:read"],
        1, "Denied.", "By granted-scopes-only:",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "status", "first", "says"), ASKED.values(), ids=ASKED)
def test_it_says_whether_and_by_which_policy(
    arguments: list[str], status: int, first: str, says: str
) -> None:
    app = Typer()
    explain.register(app)
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.output.splitlines()[0]) == (status, first)
    assert says in result.output


def test_a_scope_that_there_is_not_is_named_with_those_that_there_are() -> None:
    app = Typer()
    explain.register(app)
    result = CliRunner().invoke(app, ["ledger:fly"])
    assert result.exit_code == 2
    assert "ledger:fly" in result.output
