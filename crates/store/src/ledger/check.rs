//! The proof that the books are right: each transaction sums to zero, each balance is its postings, each payment is credited
//! once, each refund is of what was given back and forgiven as it says, each invoice is paid by what was allocated to it.

use crate::{
    Store, StoreError,
    db::{Row, sql},
};

/// Problems of one kind that are told.
const TOLD: u32 = 20;

/// What was looked at, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerReport {
    /// Transactions.
    pub transactions: i64,
    /// Postings.
    pub postings: i64,
    /// Accounts.
    pub accounts: i64,
    /// Payments that were captured.
    pub payments: i64,
    /// Invoices.
    pub invoices: i64,
    /// What is wrong, a sentence each; of each kind 20 at most.
    pub problems: Vec<String>,
}

impl LedgerReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

/// What must not be: the sentence, and the query that finds whom it is about (`id`) and by how much (`off`).
const RULES: [(&str, &str); 12] = [
    (
        "The postings of a transaction do not sum to zero",
        "SELECT transaction_id AS id, CAST(SUM(amount) AS BIGINT) AS off FROM ledger_posting \
         GROUP BY transaction_id HAVING SUM(amount) <> 0",
    ),
    (
        "A transaction has fewer than two postings",
        "SELECT t.id, COUNT(p.account_id) AS off FROM ledger_transaction t \
         LEFT JOIN ledger_posting p ON p.transaction_id = t.id GROUP BY t.id HAVING COUNT(p.account_id) < 2",
    ),
    (
        "The balance of an account is not the sum of its postings",
        "SELECT a.id, a.balance - CAST(COALESCE(SUM(p.amount), 0) AS BIGINT) AS off FROM ledger_account a \
         LEFT JOIN ledger_posting p ON p.account_id = a.id GROUP BY a.id, a.balance, a.postings \
         HAVING a.balance <> COALESCE(SUM(p.amount), 0) OR a.postings <> COUNT(p.amount)",
    ),
    (
        "The balances of a currency do not sum to zero",
        "SELECT currency AS id, CAST(SUM(balance) AS BIGINT) AS off FROM ledger_account \
         GROUP BY currency HAVING SUM(balance) <> 0",
    ),
    (
        "A customer's part of a transaction is not what it says",
        "SELECT t.id, t.amount - COALESCE(p.amount, 0) AS off FROM ledger_transaction t LEFT JOIN ledger_posting p \
         ON p.transaction_id = t.id AND p.account_id = 'receivable:' || t.customer_id || ':' || t.currency \
         WHERE t.amount <> COALESCE(p.amount, 0)",
    ),
    (
        "A captured payment is not credited exactly once, or one that was not captured is",
        "SELECT p.id, COUNT(t.id) AS off FROM payment p LEFT JOIN ledger_transaction t \
         ON t.payment_id = p.id AND t.kind = 'payment' AND t.amount = -p.amount AND t.customer_id = p.customer_id \
         GROUP BY p.id, p.state HAVING COUNT(t.id) \
         <> CASE WHEN p.state IN ('succeeded', 'partly_refunded', 'refunded') THEN 1 ELSE 0 END",
    ),
    (
        "What was given back of a payment is not what the ledger says",
        "SELECT p.id, p.refunded - CAST(COALESCE(SUM(t.amount), 0) AS BIGINT) AS off FROM payment p \
         LEFT JOIN ledger_transaction t ON t.payment_id = p.id AND t.kind IN ('refund', 'refund_failed') \
         GROUP BY p.id, p.refunded HAVING p.refunded <> COALESCE(SUM(t.amount), 0)",
    ),
    (
        "The settled refunds of a payment are more than was given back of it",
        "SELECT p.id, CAST(SUM(r.amount) AS BIGINT) - p.refunded AS off FROM payment p \
         JOIN refund r ON r.payment_id = p.id AND r.state = 'succeeded' \
         GROUP BY p.id, p.refunded HAVING SUM(r.amount) > p.refunded",
    ),
    (
        "A refund that is not owed again is not forgiven exactly once, or one that is owed or was not made is",
        "SELECT r.id, CAST(COALESCE(SUM(t.amount), 0) AS BIGINT) AS off FROM refund r LEFT JOIN ledger_transaction t \
         ON t.key IN ('refund-forgiven:' || r.id, 'refund-unforgiven:' || r.id) \
         GROUP BY r.id, r.state, r.owed_again, r.amount HAVING COALESCE(SUM(t.amount), 0) \
         <> CASE WHEN r.state = 'succeeded' AND NOT r.owed_again THEN -r.amount ELSE 0 END",
    ),
    (
        "What is paid of an invoice is not what was allocated to it",
        "SELECT i.id, i.paid - CAST(COALESCE(SUM(a.amount), 0) AS BIGINT) AS off FROM invoice i \
         LEFT JOIN invoice_allocation a ON a.invoice_id = i.id GROUP BY i.id, i.paid \
         HAVING i.paid <> COALESCE(SUM(a.amount), 0)",
    ),
    (
        "More of a payment is allocated to invoices than it is of",
        "SELECT p.id, CAST(SUM(a.amount) AS BIGINT) - p.amount AS off FROM payment p \
         JOIN invoice_allocation a ON a.payment_id = p.id GROUP BY p.id, p.amount, p.state \
         HAVING SUM(a.amount) > CASE WHEN p.state IN ('succeeded', 'partly_refunded', 'refunded') THEN p.amount ELSE 0 END",
    ),
    (
        "An invoice is paid and has something open, or the reverse, or was issued in no transaction",
        "SELECT i.id, i.total - i.paid AS off FROM invoice i WHERE (i.state = 'paid') <> (i.paid = i.total) \
         OR i.paid < 0 OR i.paid > i.total OR (i.state = 'void' AND i.paid <> 0) \
         OR NOT EXISTS (SELECT 1 FROM ledger_transaction t WHERE t.key = 'invoice:' || i.id AND t.amount = i.total)",
    ),
];

const COUNTS: &str = "SELECT (SELECT COUNT(*) FROM ledger_transaction) AS transactions, \
    (SELECT COUNT(*) FROM ledger_posting) AS postings, (SELECT COUNT(*) FROM ledger_account) AS accounts, \
    (SELECT COUNT(*) FROM payment WHERE state IN ('succeeded', 'partly_refunded', 'refunded')) AS payments, \
    (SELECT COUNT(*) FROM invoice) AS invoices";

/// Looks at all there is, while others go on working: each rule sees one moment.
pub(super) async fn check(store: &Store) -> Result<LedgerReport, StoreError> {
    let counts = store.db.one(sql(COUNTS)).await?.ok_or(StoreError::NotFound)?;
    let mut report = LedgerReport {
        transactions: counts.int("transactions")?,
        postings: counts.int("postings")?,
        accounts: counts.int("accounts")?,
        payments: counts.int("payments")?,
        invoices: counts.int("invoices")?,
        problems: Vec::new(),
    };
    for (words, query) in RULES {
        let found = store.db.all(sql(format!("{query} LIMIT {TOLD}"))).await?;
        for row in &found {
            report.problems.push(tell(words, row)?);
        }
    }
    // Gaps between the numbers, which the counter makes impossible.
    let numbers = "SELECT COUNT(*) AS n, COALESCE(MAX(number), 0) AS last FROM invoice";
    if let Some(row) = store.db.one(sql(numbers)).await?
        && row.int("n")? != row.int("last")?
    {
        report.problems.push(format!(
            "The last invoice has the number {}, and there are {}",
            row.int("last")?,
            row.int("n")?
        ));
    }
    Ok(report)
}

fn tell(words: &str, row: &Row) -> Result<String, StoreError> {
    Ok(format!("{words}: {} ({})", row.text("id")?, row.int("off")?))
}
