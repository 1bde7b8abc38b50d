"""SQL of direct debits.

Riders read within their batch by identifier; a batch's tenant is all that reads of riders are
given.
"""

from typing import Final

READ_MANDATES: Final = """
    SELECT mandate_id AS key, ledger_book, creditor_account, debtor_account, scheme, one_off,
        signed_on, notice_days, creditor, reference, former, last_collected_on, is_ended, sealed,
        row_version, created_at
    FROM direct_debit_mandate
    WHERE tenant_id = $1 AND mandate_id = ANY($2::uuid[])
"""

READ_REFERENCES: Final = """
    SELECT reference AS key, mandate_id FROM direct_debit_mandate
    WHERE tenant_id = $1 AND reference = ANY($2::bytea[])
"""

READ_CREDITORS: Final = """
    SELECT registration_id AS key, institution_id, party_id, registered_at
    FROM direct_debit_creditor
    WHERE tenant_id = $1 AND registration_id = ANY($2::uuid[])
"""

# The identifier follows from institution and creditor: whoever comes second inserts nothing.
INSERT_CREDITOR: Final = """
    INSERT INTO direct_debit_creditor (tenant_id, registration_id, institution_id, party_id,
        registered_at, registered_by)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, registration_id) DO NOTHING
    RETURNING registration_id
"""

LIST_CREDITORS: Final = """
    SELECT registration_id AS key, institution_id, party_id, registered_at
    FROM direct_debit_creditor
    WHERE tenant_id = $1 AND registration_id > $2
    ORDER BY registration_id LIMIT $3
"""

SAVE_MANDATES: Final = """
    INSERT INTO direct_debit_mandate (tenant_id, mandate_id, ledger_book, creditor_account,
        debtor_account, scheme, one_off, signed_on, notice_days, creditor, reference, former,
        last_collected_on, is_ended, sealed, row_version, created_at)
    SELECT $1, mandate_id, ledger_book, creditor_account, debtor_account, scheme, one_off,
        signed_on, notice_days, creditor, reference, former, last_collected_on, is_ended, sealed,
        row_version, created_at
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::boolean[],
                $8::date[], $9::integer[], $10::bytea[], $11::bytea[], $12::bytea[], $13::date[],
                $14::boolean[], $15::bytea[], $16::integer[], $17::timestamptz[])
        AS new (mandate_id, ledger_book, creditor_account, debtor_account, scheme, one_off,
                signed_on, notice_days, creditor, reference, former, last_collected_on, is_ended,
                sealed, row_version, created_at)
    ON CONFLICT (tenant_id, mandate_id) DO UPDATE SET
        debtor_account = excluded.debtor_account, creditor = excluded.creditor,
        reference = excluded.reference, former = excluded.former,
        last_collected_on = excluded.last_collected_on, is_ended = excluded.is_ended,
        sealed = excluded.sealed, row_version = excluded.row_version
"""

# The version is the compare-and-set: of two that decided on the same one, one is decided again.
INSERT_MANDATE_CHANGES: Final = """
    INSERT INTO direct_debit_mandate_change (tenant_id, mandate_id, row_version, change, at, actor)
    SELECT $1, mandate_id, row_version, change, at, actor
    FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::timestamptz[], $6::text[])
        AS new (mandate_id, row_version, change, at, actor)
"""

LIST_MANDATES: Final = """
    SELECT mandate_id FROM direct_debit_mandate
    WHERE tenant_id = $1 AND mandate_id > $2
    ORDER BY mandate_id LIMIT $3
"""

READ_PAYER_MANDATES: Final = """
    SELECT payer_mandate_id AS key, scheme, standing, confirmed_on, last_debited_on
    FROM payer_mandate
    WHERE tenant_id = $1 AND payer_mandate_id = ANY($2::uuid[])
"""

SAVE_PAYER_MANDATES: Final = """
    INSERT INTO payer_mandate (tenant_id, payer_mandate_id, account_id, scheme, standing,
        confirmed_on, last_debited_on, changed_at, changed_by)
    SELECT $1, payer_mandate_id, account_id, scheme, standing, confirmed_on, last_debited_on,
        changed_at, changed_by
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::date[], $7::date[],
                $8::timestamptz[], $9::text[])
        AS new (payer_mandate_id, account_id, scheme, standing, confirmed_on, last_debited_on,
                changed_at, changed_by)
    ON CONFLICT (tenant_id, payer_mandate_id) DO UPDATE SET
        scheme = excluded.scheme, standing = excluded.standing,
        confirmed_on = excluded.confirmed_on, last_debited_on = excluded.last_debited_on,
        changed_at = excluded.changed_at, changed_by = excluded.changed_by
"""

LIST_PAYER_MANDATES: Final = """
    SELECT payer_mandate_id AS key, scheme, standing, confirmed_on, last_debited_on
    FROM payer_mandate
    WHERE tenant_id = $1 AND account_id = $2 AND payer_mandate_id > $3
    ORDER BY payer_mandate_id LIMIT $4
"""

READ_CONTROLS: Final = """
    SELECT DISTINCT ON (asked.key) asked.key, c.version, c.controls
    FROM unnest($2::uuid[]) AS asked (key)
    JOIN direct_debit_control AS c ON c.tenant_id = $1 AND c.account_id = asked.key
    ORDER BY asked.key, c.version DESC
"""

INSERT_CONTROLS: Final = """
    INSERT INTO direct_debit_control (tenant_id, account_id, version, controls, set_at, set_by)
    SELECT $1, account_id, version, controls, set_at, set_by
    FROM unnest($2::uuid[], $3::integer[], $4::bytea[], $5::timestamptz[], $6::text[])
        AS new (account_id, version, controls, set_at, set_by)
"""

READ_DEBITS: Final = """
    SELECT debit_id AS key, ledger_book, institution_id, rail, scheme, sequence, is_final, state,
        seq, creditor_account, debtor_account, mandate_id, creditor, reference, former, asset,
        amount, due_on, debited_on, is_owed, is_unapplied, reason, created_at, created_by
    FROM direct_debit
    WHERE tenant_id = $1 AND debit_id = ANY($2::uuid[])
"""

SAVE_DEBITS: Final = """
    INSERT INTO direct_debit (tenant_id, debit_id, ledger_book, institution_id, rail, scheme,
        sequence, is_final, state, seq, creditor_account, debtor_account, mandate_id, creditor,
        reference, former, asset, amount, due_on, debited_on, is_owed, is_unapplied, reason,
        created_at, created_by)
    SELECT $1, debit_id, ledger_book, institution_id, rail, scheme, sequence, is_final, state, seq,
        creditor_account, debtor_account, mandate_id, creditor, reference, former, asset, amount,
        due_on, debited_on, is_owed, is_unapplied, reason, created_at, created_by
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
                $8::boolean[], $9::text[], $10::integer[], $11::uuid[], $12::uuid[], $13::uuid[],
                $14::bytea[], $15::bytea[], $16::bytea[], $17::text[], $18::numeric[], $19::date[],
                $20::date[], $21::boolean[], $22::boolean[], $23::text[], $24::timestamptz[],
                $25::text[])
        AS new (debit_id, ledger_book, institution_id, rail, scheme, sequence, is_final, state,
                seq, creditor_account, debtor_account, mandate_id, creditor, reference, former,
                asset, amount, due_on, debited_on, is_owed, is_unapplied, reason, created_at,
                created_by)
    ON CONFLICT (tenant_id, debit_id) DO UPDATE SET
        rail = excluded.rail, sequence = excluded.sequence, state = excluded.state,
        seq = excluded.seq, debtor_account = excluded.debtor_account,
        creditor = excluded.creditor, reference = excluded.reference, former = excluded.former,
        debited_on = excluded.debited_on, is_owed = excluded.is_owed,
        is_unapplied = excluded.is_unapplied, reason = excluded.reason
"""

# Its keys are the compare-and-set: of two that decided on the same state, one is decided again.
INSERT_STEPS: Final = """
    INSERT INTO direct_debit_step (tenant_id, debit_id, seq, before_seq, from_state, to_state,
        reason, at, actor)
    SELECT $1, debit_id, seq, before_seq, from_state, to_state, reason, at, actor
    FROM unnest($2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[],
                $8::timestamptz[], $9::text[])
        AS new (debit_id, seq, before_seq, from_state, to_state, reason, at, actor)
"""

# What it says changes with its mandate until it is presented, and then no more.
SAVE_CONTENTS: Final = """
    INSERT INTO direct_debit_content (tenant_id, debit_id, sealed, created_at)
    SELECT $1, debit_id, sealed, created_at
    FROM unnest($2::uuid[], $3::bytea[], $4::timestamptz[]) AS new (debit_id, sealed, created_at)
    ON CONFLICT (tenant_id, debit_id) DO UPDATE SET sealed = excluded.sealed
"""

FIND_CONTENT: Final = """
    SELECT sealed FROM direct_debit_content WHERE tenant_id = $1 AND debit_id = $2
"""

# Other banks' messages as they came, sealed: one for each that changed something.
INSERT_MESSAGES: Final = """
    INSERT INTO direct_debit_message (tenant_id, debit_id, message_id, sealed, received_at)
    SELECT $1, debit_id, message_id, sealed, received_at
    FROM unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::timestamptz[])
        AS new (debit_id, message_id, sealed, received_at)
"""

READ_BATCHES: Final = """
    SELECT batch_key AS key, batch_no, size, is_open FROM direct_debit_batch
    WHERE tenant_id = $1 AND batch_key = ANY($2::uuid[])
"""

SAVE_BATCHES: Final = """
    INSERT INTO direct_debit_batch (tenant_id, batch_key, batch_no, size, is_open)
    SELECT $1, batch_key, batch_no, size, is_open
    FROM unnest($2::uuid[], $3::integer[], $4::integer[], $5::boolean[])
        AS new (batch_key, batch_no, size, is_open)
    ON CONFLICT (tenant_id, batch_key) DO UPDATE SET
        batch_no = excluded.batch_no, size = excluded.size, is_open = excluded.is_open
"""

# Its key is the compare-and-set: a collection is in one message, for good.
INSERT_MEMBERS: Final = """
    INSERT INTO direct_debit_member (tenant_id, debit_id, batch_key, batch_no, message_id)
    SELECT $1, debit_id, batch_key, batch_no, message_id
    FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::uuid[])
        AS new (debit_id, batch_key, batch_no, message_id)
"""

LIST_MEMBERS: Final = """
    SELECT debit_id FROM direct_debit_member
    WHERE tenant_id = $1 AND batch_key = $2 AND batch_no = $3 ORDER BY debit_id
"""

FIND_MEMBER: Final = """
    SELECT message_id FROM direct_debit_member WHERE tenant_id = $1 AND debit_id = $2
"""

LIST: Final = """
    SELECT debit_id FROM direct_debit
    WHERE tenant_id = $1 AND debit_id > $2
    ORDER BY debit_id LIMIT $3
"""

LIST_OF_DEBTOR: Final = """
    SELECT debit_id FROM direct_debit
    WHERE tenant_id = $1 AND debtor_account = $2 AND debit_id > $3
    ORDER BY debit_id LIMIT $4
"""

LIST_OF_CREDITOR: Final = """
    SELECT debit_id FROM direct_debit
    WHERE tenant_id = $1 AND creditor_account = $2 AND debit_id > $3
    ORDER BY debit_id LIMIT $4
"""

LIST_STEPS: Final = """
    SELECT seq, from_state, to_state, reason, at, actor FROM direct_debit_step
    WHERE tenant_id = $1 AND debit_id = $2 ORDER BY seq
"""
