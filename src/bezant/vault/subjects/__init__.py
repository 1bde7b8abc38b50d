"""Subjects: export, restriction, legal holds, retention and erasure of what identifies people."""

from bezant.vault.subjects.accepting import accept_journal
from bezant.vault.subjects.api import operations
from bezant.vault.subjects.erasing import Erasing, newest, replay_erasures
from bezant.vault.subjects.errors import ErasureBlocked, SubjectNotFound
from bezant.vault.subjects.holdings import Described, Duty, Holding, Keeper
from bezant.vault.subjects.journal import FILE, Journal, JournalRefused, JournalUnwritable
from bezant.vault.subjects.reports import Reports
from bezant.vault.subjects.retention import ValueRetention
from bezant.vault.subjects.service import SubjectService

__all__ = [
    "FILE",
    "Described",
    "Duty",
    "Erasing",
    "ErasureBlocked",
    "Holding",
    "Journal",
    "JournalRefused",
    "JournalUnwritable",
    "Keeper",
    "Reports",
    "SubjectNotFound",
    "SubjectService",
    "ValueRetention",
    "accept_journal",
    "newest",
    "operations",
    "replay_erasures",
]
