"""Users: people who log in, and what each may do."""

from bezant.identity.users import domain, errors, means, notices, schemas
from bezant.identity.users.api import operations
from bezant.identity.users.domain import Role, Status, User
from bezant.identity.users.means import Means
from bezant.identity.users.naming import Naming
from bezant.identity.users.service import UserService, is_active, is_known, subject_of

__all__ = [
    "Means",
    "Naming",
    "Role",
    "Status",
    "User",
    "UserService",
    "domain",
    "errors",
    "is_active",
    "is_known",
    "means",
    "notices",
    "operations",
    "schemas",
    "subject_of",
]
