"""Why a request about parties is declined."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class PartyNotFound(NotFound):
    """No such party, or another tenant's."""

    code, title = "PARTY_NOT_FOUND", "No such party"


class RelationshipNotFound(NotFound):
    """The party has no such relationship, or it is another tenant's."""

    code, title = "RELATIONSHIP_NOT_FOUND", "No such relationship"


class UnfitForKind(Refusal):
    """A person has no registration number; an organisation no birth date, guardian or user."""

    status, code, title = 422, "UNFIT_FOR_KIND", "Parties of this kind have no such thing"


class UnknownParty(Refusal):
    """The other party in the body does not exist."""

    status, code, title = 422, "UNKNOWN_PARTY", "No such party"


class PartyErased(Conflict):
    """The party's data were erased: nothing about it changes any more."""

    code, title = "PARTY_ERASED", "The party was erased"


class AlreadyRelated(Conflict):
    """The parties have a relationship of this kind that has not ended."""

    code, title = "ALREADY_RELATED", "The parties are related in this way"


class RelationshipEnded(Conflict):
    """The relationship ended before."""

    code, title = "RELATIONSHIP_ENDED", "The relationship has ended"


class UserUnfit(Refusal):
    """No such user, or one whose data are another subject's: erasing one would leave the other."""

    status, code, title = 422, "USER_UNFIT_FOR_PARTY", "The user is not this person"


class UserLinked(Conflict):
    """The user is another party, or the party another user."""

    code, title = "USER_LINKED", "The user or the party is linked"
