"""A subject's export as a page that a person can read: HTML without a script or anything fetched.

Pure.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Final

from bezant.vault.subjects.schemas import SubjectExport

_HEAD: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Personal data</title>
<style>
body { font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; margin-bottom: 2rem; width: 100% }
th, td { border-bottom: 1px solid #ccc; padding: .4rem; text-align: left; vertical-align: top }
td { overflow-wrap: anywhere }
</style>
</head>
<body>
"""


def page(export: SubjectExport) -> str:
    """The page."""
    subject = export.subject
    parts = [
        _HEAD,
        "<h1>Personal data</h1>\n",
        f"<p>Everything that is kept about the person {subject.id}.</p>\n",
        f"<p>As of {_instant(export.exported_at)}. State: {escape(subject.state)}.</p>\n",
        "<h2>Values</h2>\n",
        _table(
            ("Field", "Value", "Since", "Rectified", "Kept until"),
            (
                (
                    each.field,
                    "(cannot be opened)" if each.value is None else each.value,
                    _instant(each.sealed_at),
                    _instant(each.rectified_at),
                    _instant(each.kept_until),
                )
                for each in export.values
            ),
        ),
    ]
    for name, described in export.holdings.items():
        if described:
            columns = list(dict.fromkeys(column for each in described for column in each))
            rows = ([_text(each.get(column)) for column in columns] for each in described)
            parts += [f"<h2>{escape(name.capitalize())}</h2>\n", _table(columns, rows)]
    parts += [
        "<h2>Legal holds</h2>\n",
        _table(
            ("Reason", "From", "Until", "Released"),
            (
                (
                    hold.reason,
                    _instant(hold.placed_at),
                    _instant(hold.until),
                    _instant(hold.released_at),
                )
                for hold in subject.holds
            ),
        ),
        "<h2>Who did what with these data</h2>\n",
        _table(
            ("When", "Who", "What", "To", "Why", "Outcome"),
            (
                (
                    _instant(each.at),
                    each.actor,
                    each.action,
                    each.resource,
                    each.purpose,
                    each.outcome,
                )
                for each in export.audit
            ),
        ),
        "</body>\n</html>\n",
    ]
    return "".join(parts)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(_row("td", row) for row in rows)
    if not body:
        return "<p>None.</p>\n"
    return f"<table>\n{_row('th', columns)}{body}</table>\n"


def _row(cell: str, texts: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{cell}>{escape(text)}</{cell}>' for text in texts)}</tr>\n"


def _instant(instant: datetime | None) -> str:
    return "" if instant is None else f"{instant:%Y-%m-%d %H:%M} UTC"


def _text(value: str | int | None) -> str:
    return "" if value is None else str(value)
