"""Parties: the people and organisations that a bank deals with, and how they are related."""

from bezant.banking.parties.api import operations
from bezant.banking.parties.errors import PartyNotFound
from bezant.banking.parties.holders import HOLDER_KINDS, AccountHolder, AccountHolders, is_person
from bezant.banking.parties.holding import PartyHolding
from bezant.banking.parties.relationships import RelationshipService
from bezant.banking.parties.restrictions import AccountRestrictions
from bezant.banking.parties.roles import RoleHolding
from bezant.banking.parties.service import PartyService, find_party

__all__ = [
    "HOLDER_KINDS",
    "AccountHolder",
    "AccountHolders",
    "AccountRestrictions",
    "PartyHolding",
    "PartyNotFound",
    "PartyService",
    "RelationshipService",
    "RoleHolding",
    "find_party",
    "is_person",
    "operations",
]
