"""Institutions: under which bank code, and in which book, accounts are opened."""

from bezant.banking.institutions.api import operations
from bezant.banking.institutions.errors import BankCodeInvalid, InstitutionNotFound
from bezant.banking.institutions.schemas import Institution, NewInstitution
from bezant.banking.institutions.service import InstitutionService

__all__ = [
    "BankCodeInvalid",
    "Institution",
    "InstitutionNotFound",
    "InstitutionService",
    "NewInstitution",
    "operations",
]
