"""Roles: which each person has, in each tenant."""

from bezant.identity.policy.roles.api import operations
from bezant.identity.policy.roles.schemas import RolesOfUser, SetRoles
from bezant.identity.policy.roles.service import RoleService

__all__ = ["RoleService", "RolesOfUser", "SetRoles", "operations"]
