"""Banking: who the customers are, and what accounts they have."""

from typing import TYPE_CHECKING

from bezant.kernel.lazy import lazily

if TYPE_CHECKING:
    from bezant.banking.accounts import (
        BANK_ACCOUNT,
        AccountBlocked,
        AccountNotActive,
        AccountPlace,
        AccountService,
        AccountStatus,
        AssetNotHeld,
        BankAccount,
        BankAccountNotFound,
        NewBankAccount,
        account_of,
        available_on,
        check_can_pay,
        check_can_receive,
        ledger_account,
    )
    from bezant.banking.accounts import operations as account_operations
    from bezant.banking.closing import ClosingService
    from bezant.banking.closing import operations as closing_operations
    from bezant.banking.contacts import Contact, ContactService, NewContact, OpenedContact
    from bezant.banking.contacts import operations as contact_operations
    from bezant.banking.end_of_day import EndOfDayService, NewEndOfDay
    from bezant.banking.end_of_day import operations as end_of_day_operations
    from bezant.banking.fees.api import operations as fee_operations
    from bezant.banking.fees.events import (
        charge_event,
        charge_payment,
        reads_of_event,
        reads_of_payment_fees,
    )
    from bezant.banking.fees.returning import give_fees_back, reads_of_fees_back
    from bezant.banking.fees.service import FeeService
    from bezant.banking.fees.waiving import FeeWaiverService
    from bezant.banking.holders import HolderHolding, HolderService, OwnsAccount
    from bezant.banking.holders import operations as holder_operations
    from bezant.banking.institutions import InstitutionNotFound, InstitutionService, NewInstitution
    from bezant.banking.institutions import operations as institution_operations
    from bezant.banking.limits import (
        CounterpartyDenied,
        CounterpartyLists,
        LimitExceeded,
        LimitService,
        OrderingPartyNeeded,
        Spending,
        counterparty_of,
        reads_of_release,
        release,
        spend,
    )
    from bezant.banking.limits import operations as limit_operations
    from bezant.banking.mandates import (
        AlreadyApproved,
        HoldsMandate,
        MandateService,
        MayNotAct,
        NotApproved,
        OrderApproval,
        SignatureOfAnother,
        SignaturesNeeded,
        Signed,
        Signing,
        check_signer,
        find_approvals,
        may_act,
        needed_approvals,
        reads_of_mandates,
    )
    from bezant.banking.mandates import operations as mandate_operations
    from bezant.banking.parties import (
        HOLDER_KINDS,
        AccountHolder,
        AccountHolders,
        AccountRestrictions,
        PartyHolding,
        PartyNotFound,
        PartyService,
        RelationshipService,
        RoleHolding,
        find_party,
        is_person,
    )
    from bezant.banking.parties import operations as party_operations
    from bezant.banking.products import NewProduct, ProductService
    from bezant.banking.products import operations as product_operations
    from bezant.banking.statements import CustomerStatements, batch_row
    from bezant.banking.statements import operations as customer_statement_operations
    from bezant.banking.terms.fees import FeeEvent
    from bezant.banking.terms.limits import Channel

__all__ = [
    "BANK_ACCOUNT",
    "HOLDER_KINDS",
    "AccountBlocked",
    "AccountHolder",
    "AccountHolders",
    "AccountNotActive",
    "AccountPlace",
    "AccountRestrictions",
    "AccountService",
    "AccountStatus",
    "AlreadyApproved",
    "AssetNotHeld",
    "BankAccount",
    "BankAccountNotFound",
    "Channel",
    "ClosingService",
    "Contact",
    "ContactService",
    "CounterpartyDenied",
    "CounterpartyLists",
    "CustomerStatements",
    "EndOfDayService",
    "FeeEvent",
    "FeeService",
    "FeeWaiverService",
    "HolderHolding",
    "HolderService",
    "HoldsMandate",
    "InstitutionNotFound",
    "InstitutionService",
    "LimitExceeded",
    "LimitService",
    "MandateService",
    "MayNotAct",
    "NewBankAccount",
    "NewContact",
    "NewEndOfDay",
    "NewInstitution",
    "NewProduct",
    "NotApproved",
    "OpenedContact",
    "OrderApproval",
    "OrderingPartyNeeded",
    "OwnsAccount",
    "PartyHolding",
    "PartyNotFound",
    "PartyService",
    "ProductService",
    "RelationshipService",
    "RoleHolding",
    "SignatureOfAnother",
    "SignaturesNeeded",
    "Signed",
    "Signing",
    "Spending",
    "account_of",
    "account_operations",
    "available_on",
    "batch_row",
    "charge_event",
    "charge_payment",
    "check_can_pay",
    "check_can_receive",
    "check_signer",
    "closing_operations",
    "contact_operations",
    "counterparty_of",
    "customer_statement_operations",
    "end_of_day_operations",
    "fee_operations",
    "find_approvals",
    "find_party",
    "give_fees_back",
    "holder_operations",
    "institution_operations",
    "is_person",
    "ledger_account",
    "limit_operations",
    "mandate_operations",
    "may_act",
    "needed_approvals",
    "party_operations",
    "product_operations",
    "reads_of_event",
    "reads_of_fees_back",
    "reads_of_mandates",
    "reads_of_payment_fees",
    "reads_of_release",
    "release",
    "spend",
]

__getattr__ = lazily(
    __name__,
    {
        "accounts": (
            "AccountBlocked, AccountNotActive, AccountPlace, AccountService, AccountStatus, "
            "AssetNotHeld, BANK_ACCOUNT, BankAccount, BankAccountNotFound, NewBankAccount, "
            "account_of, available_on, check_can_pay, check_can_receive, ledger_account, "
            "operations as account_operations"
        ),
        "closing": "ClosingService, operations as closing_operations",
        "contacts": (
            "Contact, ContactService, NewContact, OpenedContact, operations as contact_operations"
        ),
        "end_of_day": "EndOfDayService, NewEndOfDay, operations as end_of_day_operations",
        "fees.api": "operations as fee_operations",
        "fees.events": "charge_event, charge_payment, reads_of_event, reads_of_payment_fees",
        "fees.returning": "give_fees_back, reads_of_fees_back",
        "fees.service": "FeeService",
        "fees.waiving": "FeeWaiverService",
        "holders": "HolderHolding, HolderService, OwnsAccount, operations as holder_operations",
        "institutions": (
            "InstitutionNotFound, InstitutionService, NewInstitution,"
            " operations as institution_operations"
        ),
        "limits": (
            "CounterpartyDenied, CounterpartyLists, LimitExceeded, LimitService, "
            "OrderingPartyNeeded, Spending, counterparty_of, operations as limit_operations, "
            "reads_of_release, release, spend"
        ),
        "mandates": (
            "AlreadyApproved, HoldsMandate, MandateService, MayNotAct, "
            "NotApproved, OrderApproval, SignatureOfAnother, SignaturesNeeded, Signed, Signing, "
            "check_signer, find_approvals, may_act, needed_approvals, "
            "operations as mandate_operations, reads_of_mandates"
        ),
        "parties": (
            "AccountHolder, AccountHolders, AccountRestrictions, HOLDER_KINDS, PartyHolding, "
            "PartyNotFound, PartyService, RelationshipService, RoleHolding, find_party, is_person, "
            "operations as party_operations"
        ),
        "products": "NewProduct, ProductService, operations as product_operations",
        "statements": "CustomerStatements, batch_row, operations as customer_statement_operations",
        "terms.fees": "FeeEvent",
        "terms.limits": "Channel",
    },
)
