"""SEPA: credit transfers and direct debits through a clearing system (CSM)."""

from bezant.payments.rails.sepa.debit import SepaDebitRail
from bezant.payments.rails.sepa.debit_listener import DebitListener
from bezant.payments.rails.sepa.endpoint import csm_routes
from bezant.payments.rails.sepa.instant import InstantRail
from bezant.payments.rails.sepa.link import CsmLink
from bezant.payments.rails.sepa.listener import CsmListener, Decided, Offered, Records
from bezant.payments.rails.sepa.participants import Participant, Participants
from bezant.payments.rails.sepa.transfer import TransferRail

__all__ = [
    "CsmLink",
    "CsmListener",
    "DebitListener",
    "Decided",
    "InstantRail",
    "Offered",
    "Participant",
    "Participants",
    "Records",
    "SepaDebitRail",
    "TransferRail",
    "csm_routes",
]
