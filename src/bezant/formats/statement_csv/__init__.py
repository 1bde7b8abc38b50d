"""Statements as CSV, read by a mapping that says which column is what."""

from bezant.formats.statement_csv.mapping import Columns, CsvMapping
from bezant.formats.statement_csv.reader import read_csv

__all__ = ["Columns", "CsvMapping", "read_csv"]
