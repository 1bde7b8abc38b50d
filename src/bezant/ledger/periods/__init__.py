"""Accounting periods: months that close, with closing entries, and reopen with four eyes."""
