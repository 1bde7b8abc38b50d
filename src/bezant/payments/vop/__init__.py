"""Verification of Payee: does the name that a payer gives belong to the account?"""

from bezant.payments.vop import scheme
from bezant.payments.vop.answering import PayeeAnswers
from bezant.payments.vop.api import operations
from bezant.payments.vop.asking import PayeeAsker
from bezant.payments.vop.binding import Verified, check_bound
from bezant.payments.vop.contents import VerificationContents
from bezant.payments.vop.directory import ListedPayees, PayeeDirectory, Responder
from bezant.payments.vop.endpoint import SchemeEndpoint, add_payee_scheme
from bezant.payments.vop.matching import Comparison, Verdict, compare_organisation, compare_people
from bezant.payments.vop.own import OwnPayees
from bezant.payments.vop.patience import Patience
from bezant.payments.vop.proof import OF_PROOFS, VERIFIED_RAILS, PayeeProof, proof_of
from bezant.payments.vop.schemas import Payee
from bezant.payments.vop.service import Question, VerificationService, VerificationSources

__all__ = [
    "OF_PROOFS",
    "VERIFIED_RAILS",
    "Comparison",
    "ListedPayees",
    "OwnPayees",
    "Patience",
    "Payee",
    "PayeeAnswers",
    "PayeeAsker",
    "PayeeDirectory",
    "PayeeProof",
    "Question",
    "Responder",
    "SchemeEndpoint",
    "Verdict",
    "VerificationContents",
    "VerificationService",
    "VerificationSources",
    "Verified",
    "add_payee_scheme",
    "check_bound",
    "compare_organisation",
    "compare_people",
    "operations",
    "proof_of",
    "scheme",
]
