"""`python -m tools.sql_linter [folder]`: a table of findings; exits 1 when there is one."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.sql_linter.linter import lint
from tools.sql_linter.sources import Sources

SOURCE = Path(__file__).parents[2] / "src"


def main(arguments: list[str]) -> int:
    """Lint a source folder, by default this repository's."""
    folder = Path(arguments[0]) if arguments else SOURCE
    console = Console(width=None if sys.stdout.isatty() else 160)
    findings = lint(folder)
    if not findings:
        console.print(f"{len(Sources(folder).statements())} SQL statements keep every rule.")
        return 0
    table = Table("where", "rule", "what")
    for finding in findings:
        table.add_row(f"{finding.path}:{finding.line}", finding.rule.code, finding.detail)
    console.print(table)
    for rule in sorted({finding.rule for finding in findings}, key=lambda rule: rule.code):
        console.print(f"{rule.code}: {rule.why}")
    console.print(f"{len(findings)} findings")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
