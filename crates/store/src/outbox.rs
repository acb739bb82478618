//! The e-mails that are to be sent: written in the transaction that causes them, taken by one sender at a time, tried again
//! until the mail server has them, and shown to the provider's staff.
//!
//! A sender takes a mail for some time ([`Outbox::claim`]); when that is over without a word, it is taken for dead and the
//! mail is another's. Each taking is an attempt, so that a mail at which senders die fails in the end as well.

use tandem_domain::{
    access::Tenant,
    audit::{FieldChange, Subject},
    ids::{AccountId, CustomerId, MailId, RecordingId, Timestamp},
    list::{PAGE_ROWS, Page, Query},
    mail::{ATTEMPTS_MAX, MailKind, MailState, back_off_seconds},
};

use crate::{
    Change, Store, StoreError,
    db::{Row, Sql, Tx, sql},
    list::{List, Where, WordIndex},
    outside,
    saving::About,
    search::{self, Words},
};

/// Their place in the word index.
pub(crate) const WORDS: WordIndex = WordIndex { kind: "mail", rare: 8000, paired: 0 };
/// Characters of a recipient or a subject that are kept: a line of a mail is not longer (RFC 5322 §2.1.1).
const LINE_MAX: usize = 998;
/// Bytes of each form of the text that are kept.
const BODY_MAX: usize = 256 * 1024;
/// Bytes of an error that are kept.
const ERROR_MAX: usize = 2000;

/// An e-mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// What names the one event that it tells about: a second mail with the same cause is none.
    pub cause: String,
    /// What it is about.
    pub kind: MailKind,
    /// Whose it is; `None`: the provider's own.
    pub customer: Option<CustomerId>,
    /// The account that gets it, if one does.
    pub account: Option<AccountId>,
    /// The address.
    pub recipient: String,
    /// The subject line.
    pub subject: String,
    /// The text for programs that show text only.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The recording whose sound is attached.
    pub recording: Option<RecordingId>,
}

/// An e-mail as whoever sends it has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What names it, for ever: a Message-ID made of it lets a receiver notice what came twice.
    pub id: MailId,
    /// What it is about.
    pub kind: MailKind,
    /// Whose it is.
    pub customer: Option<CustomerId>,
    /// The account that gets it.
    pub account: Option<AccountId>,
    /// The address.
    pub recipient: String,
    /// The subject line.
    pub subject: String,
    /// The text for programs that show text only.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The recording whose sound is attached.
    pub recording: Option<RecordingId>,
    /// When it was written.
    pub created: Timestamp,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// An e-mail in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRow {
    /// What names it.
    pub id: MailId,
    /// What it is about.
    pub kind: MailKind,
    /// Whose it is.
    pub customer: Option<CustomerId>,
    /// That customer's name; empty if there is none.
    pub customer_name: String,
    /// The account that gets it.
    pub account: Option<AccountId>,
    /// The address.
    pub recipient: String,
    /// The subject line.
    pub subject: String,
    /// The recording whose sound is attached.
    pub recording: Option<RecordingId>,
    /// How far it is.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub due: Timestamp,
    /// Why the last attempt failed; empty if none did.
    pub error: String,
    /// When it was written.
    pub created: Timestamp,
    /// When the mail server took it.
    pub sent: Option<Timestamp>,
}

/// An e-mail with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// All but its text.
    pub row: MailRow,
    /// The text for programs that show text only.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Which e-mails a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailFilters {
    /// Only those that are this far.
    pub state: Option<MailState>,
    /// Only those about this.
    pub kind: Option<MailKind>,
    /// Only those of this customer.
    pub customer: Option<CustomerId>,
}

/// The e-mails. See [`Store::outbox`].
#[derive(Clone, Copy)]
pub struct Outbox<'a>(pub(crate) &'a Store);

impl Outbox<'_> {
    /// Takes an e-mail whose time has come: it is this sender's for so many seconds. `None`: there is none. No two senders
    /// ever get the same one; one whose sender said nothing until its time was over is given to the next, but fails after
    /// [`ATTEMPTS_MAX`] attempts.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn claim(&self, now: Timestamp, lease_seconds: i64) -> Result<Option<Mail>, StoreError> {
        loop {
            // Mostly there is nothing to do, and then nobody has to wait for the lock.
            if self.next_due().await?.is_none_or(|due| due > now) {
                return Ok(None);
            }
            let mut tx = self.0.begin().await?;
            let mut found = tx.one(due(MailState::Waiting, now)).await?;
            if found.is_none() {
                found = tx.one(due(MailState::Sending, now)).await?;
            }
            let Some(row) = found else { return Ok(None) };
            let mut mail = mail(&row)?;
            if mail.attempt >= ATTEMPTS_MAX {
                let error = "Whoever was to send this stopped without a word, again and again.";
                let fail = sql("UPDATE mail SET state = $1, error = $2 WHERE id = $3");
                tx.run(fail.bind(MailState::Failed.key()).bind(error).bind(mail.id)).await?;
                tx.commit().await?;
                continue;
            }
            mail.attempt += 1;
            let take = sql("UPDATE mail SET state = $1, attempts = $2, due_at = $3 WHERE id = $4")
                .bind(MailState::Sending.key())
                .bind(mail.attempt)
                .bind(now.plus_seconds(lease_seconds))
                .bind(mail.id);
            tx.run(take).await?;
            tx.commit().await?;
            return Ok(Some(mail));
        }
    }

    /// The mail server has taken it. Tells whether it was being sent; if not, nothing changes.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sent(&self, mail: &Mail, now: Timestamp) -> Result<bool, StoreError> {
        // Also when its time was over and another has it by now: it is sent, and what that one says later is nothing new.
        let sent = sql("UPDATE mail SET state = $1, sent_at = $2, error = $3 WHERE id = $4 AND state = $5")
            .bind(MailState::Sent.key())
            .bind(now)
            .bind("")
            .bind(mail.id)
            .bind(MailState::Sending.key());
        self.run(sent).await
    }

    /// It could not be sent: it is tried again later, or never if that is for good or was the last attempt. Tells whether
    /// this attempt was still under way; if not, nothing changes.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn failed(&self, mail: &Mail, now: Timestamp, error: &str, permanent: bool) -> Result<bool, StoreError> {
        let over = permanent || mail.attempt >= ATTEMPTS_MAX;
        let state = if over { MailState::Failed } else { MailState::Waiting };
        let failed =
            "UPDATE mail SET state = $1, due_at = $2, error = $3 WHERE id = $4 AND state = $5 AND attempts = $6";
        let failed = sql(failed)
            .bind(state.key())
            .bind(now.plus_seconds(back_off_seconds(mail.attempt)))
            .bind(outside::lines(error, ERROR_MAX))
            .bind(mail.id)
            .bind(MailState::Sending.key())
            .bind(mail.attempt);
        self.run(failed).await
    }

    /// Its sender has not begun and does not want it any more: it waits as if it had not been taken. Tells whether it was
    /// still this sender's.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn give_back(&self, mail: &Mail, now: Timestamp) -> Result<bool, StoreError> {
        let back = "UPDATE mail SET state = $1, due_at = $2, attempts = attempts - 1 WHERE id = $3 AND state = $4 AND attempts = $5";
        let back = sql(back)
            .bind(MailState::Waiting.key())
            .bind(now)
            .bind(mail.id)
            .bind(MailState::Sending.key())
            .bind(mail.attempt);
        self.run(back).await
    }

    /// When the next mail is to be sent, or the next sender is taken for dead; `None`: nothing waits.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        // Each is the first entry of an index.
        let next = "SELECT MIN(due_at) AS due FROM (SELECT MIN(due_at) AS due_at FROM mail WHERE state = $1 \
                    UNION ALL SELECT MIN(due_at) FROM mail WHERE state = $2) dues";
        let next = sql(next).bind(MailState::Waiting.key()).bind(MailState::Sending.key());
        let row = self.0.db.one(next).await?;
        Ok(row.map(|row| row.int_or_null("due")).transpose()?.flatten().map(Timestamp))
    }

    /// A page of e-mails, the newest first, whatever the query's order says. Searched: recipient and subject.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, query: &Query<()>, filters: &MailFilters) -> Result<Page<MailRow>, StoreError> {
        let mut conditions = Where::default();
        conditions.and_if("r.customer_id = ?", filters.customer);
        conditions.and_key("state", filters.state.map(MailState::key));
        conditions.and_key("kind", filters.kind.map(MailKind::key));
        page(self.0, query, conditions).await
    }

    /// A page of the e-mails that an account was sent, the newest first: for the mailbox of the demonstration.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_account(&self, account: AccountId, query: &Query<()>) -> Result<Page<MailRow>, StoreError> {
        let mut conditions = Where::default();
        conditions.and("r.account_id = ?", account);
        conditions.and_all("r.state BETWEEN ? AND ?", [MailState::Sent.key().into(), MailState::Sent.key().into()]);
        page(self.0, query, conditions).await
    }

    /// An e-mail that an account was sent.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one that was not sent to this account.
    pub async fn one_of_account(&self, account: AccountId, id: MailId) -> Result<StoredMail, StoreError> {
        let mail = self.one(id).await?;
        let is_its = mail.row.account == Some(account) && mail.row.state == MailState::Sent;
        if is_its { Ok(mail) } else { Err(StoreError::NotFound) }
    }

    /// A page of the e-mails that a customer itself was sent, not one of its accounts, the newest first: for the mailbox of the
    /// demonstration.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn of_customer(&self, tenant: Tenant, query: &Query<()>) -> Result<Page<MailRow>, StoreError> {
        let mut conditions = Where::default();
        conditions.and("r.customer_id = ?", tenant.customer());
        conditions.and_all("r.account_id IS NULL", []);
        conditions.and_all("r.state BETWEEN ? AND ?", [MailState::Sent.key().into(), MailState::Sent.key().into()]);
        page(self.0, query, conditions).await
    }

    /// An e-mail that a customer itself was sent.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one that was sent to anybody else.
    pub async fn one_of_customer(&self, tenant: Tenant, id: MailId) -> Result<StoredMail, StoreError> {
        let mail = self.one(id).await?;
        let row = &mail.row;
        let is_its = row.customer == Some(tenant.customer()) && row.account.is_none() && row.state == MailState::Sent;
        if is_its { Ok(mail) } else { Err(StoreError::NotFound) }
    }

    /// An e-mail.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn one(&self, id: MailId) -> Result<StoredMail, StoreError> {
        let one = "SELECT m.*, c.name AS customer_name FROM mail m LEFT JOIN customer c ON c.id = m.customer_id \
                   WHERE m.id = $1";
        let row = self.0.db.one(sql(one).bind(id)).await?.ok_or(StoreError::NotFound)?;
        Ok(StoredMail { row: mail_row(&row)?, text: row.text("text_body")?, html: row.text("html_body")? })
    }

    /// Has an e-mail that failed, or waits, sent now; one that failed gets all its attempts again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Refused`] (`state`) when it is being sent or was sent.
    pub async fn retry(&self, change: &Change<'_>, id: MailId) -> Result<(), StoreError> {
        let mut write = self.0.write(change).await?;
        let row = write.one(sql("SELECT * FROM mail WHERE id = $1").bind(id)).await?.ok_or(StoreError::NotFound)?;
        let (mail, state) = (mail(&row)?, row.read("state", MailState::from_key)?);
        let retry = "UPDATE mail SET state = $1, attempts = 0, due_at = $2 WHERE id = $3 AND state IN ($1, $4)";
        let retry = sql(retry).bind(MailState::Waiting.key()).bind(write.at()).bind(id).bind(MailState::Failed.key());
        if write.run(retry).await? == 0 {
            return Err(StoreError::refused("state", "This e-mail is being sent or was sent already."));
        }
        let subject = match mail.kind {
            MailKind::NewCallRecording => Subject::Recording,
            MailKind::AutoPaymentFailed => Subject::AutoPayment,
            MailKind::PaymentReceipt => Subject::Payment,
        };
        // Of the provider's own: a company is not told of recordings that are for an account only, nor of mails about them.
        let about = About::own(subject, id, &format!("{}: {}", mail.recipient, mail.subject));
        let told = FieldChange { field: "mail".into(), old: state.key().into(), new: MailState::Waiting.key().into() };
        write.tell(&about, "changed", None, vec![told]).await?;
        write.commit().await
    }

    /// How many e-mails are this far, counted up to 1001: for a warning that some have failed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn count(&self, state: MailState) -> Result<u32, StoreError> {
        let count = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM mail WHERE state = $1 LIMIT 1001) counted";
        self.0.db.one(sql(count).bind(state.key())).await?.map_or(Ok(0), |row| row.number("n"))
    }

    /// Whether a statement found its row.
    async fn run(&self, sql: Sql) -> Result<bool, StoreError> {
        let mut tx = self.0.begin().await?;
        let found = tx.run(sql).await? > 0;
        tx.commit().await?;
        Ok(found)
    }
}

/// Adds an e-mail to the outbox, to be sent at once, and tells what names it; `None` when there is one with this cause already.
pub(crate) async fn add(
    store: &Store,
    tx: &mut Tx,
    now: Timestamp,
    mail: &NewMail,
) -> Result<Option<MailId>, StoreError> {
    let id = MailId(store.new_id(now));
    let (recipient, subject) = (outside::line(&mail.recipient, LINE_MAX), outside::line(&mail.subject, LINE_MAX));
    let words = Words::of(&[&recipient, &subject]);
    let insert = "INSERT INTO mail (id, cause, kind, customer_id, account_id, recipient, subject, text_body, html_body, \
                  recording_id, state, attempts, due_at, error, created_at, search) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
                  ON CONFLICT (cause) DO NOTHING";
    let insert = sql(insert)
        .bind(id)
        .bind(outside::line(&mail.cause, LINE_MAX))
        .bind(mail.kind.key())
        .bind(mail.customer)
        .bind(mail.account)
        .bind(recipient)
        .bind(subject)
        .bind(outside::lines(&mail.text, BODY_MAX))
        .bind(outside::lines(&mail.html, BODY_MAX))
        .bind(mail.recording)
        .bind(MailState::Waiting.key())
        .bind(0)
        .bind(now)
        .bind("")
        .bind(now)
        .bind(words.column());
    if tx.run(insert).await? == 0 {
        return Ok(None);
    }
    search::index(tx, WORDS.kind, &id.to_string(), "", &words).await?;
    Ok(Some(id))
}

/// Does not send an e-mail that waits, for its cause is gone: it has failed for this reason.
pub(crate) async fn call_off(tx: &mut Tx, cause: &str, reason: &str) -> Result<(), StoreError> {
    let call_off = sql("UPDATE mail SET state = $1, error = $2 WHERE cause = $3 AND state = $4")
        .bind(MailState::Failed.key())
        .bind(reason)
        .bind(cause)
        .bind(MailState::Waiting.key());
    tx.run(call_off).await.map(drop)
}

/// The mail of this state whose time came first, if it has come.
fn due(state: MailState, now: Timestamp) -> Sql {
    let due = "SELECT * FROM mail WHERE state = $1 AND due_at <= $2 ORDER BY due_at LIMIT 1";
    sql(due).bind(state.key()).bind(now).untaken()
}

async fn page(store: &Store, query: &Query<()>, conditions: Where) -> Result<Page<MailRow>, StoreError> {
    let list = List {
        columns: "r.*, c.name AS customer_name",
        table: "mail",
        joins: "LEFT JOIN customer c ON c.id = r.customer_id",
        words: Some(WORDS),
        conditions,
        search: &query.search,
        tags: Vec::new(),
        sieve: None,
        key: "id",
        descending: true,
        cursor: query.cursor.as_ref(),
        rows: PAGE_ROWS,
    };
    list.page(&store.db, mail_row).await
}

fn mail(row: &Row) -> Result<Mail, StoreError> {
    Ok(Mail {
        id: row.parse("id")?,
        kind: row.read("kind", MailKind::from_key)?,
        customer: row.parse_or_null("customer_id")?,
        account: row.parse_or_null("account_id")?,
        recipient: row.text("recipient")?,
        subject: row.text("subject")?,
        text: row.text("text_body")?,
        html: row.text("html_body")?,
        recording: row.parse_or_null("recording_id")?,
        created: row.at("created_at")?,
        attempt: row.number("attempts")?,
    })
}

fn mail_row(row: &Row) -> Result<MailRow, StoreError> {
    Ok(MailRow {
        id: row.parse("id")?,
        kind: row.read("kind", MailKind::from_key)?,
        customer: row.parse_or_null("customer_id")?,
        customer_name: row.text_or_null("customer_name")?.unwrap_or_default(),
        account: row.parse_or_null("account_id")?,
        recipient: row.text("recipient")?,
        subject: row.text("subject")?,
        recording: row.parse_or_null("recording_id")?,
        state: row.read("state", MailState::from_key)?,
        attempts: row.number("attempts")?,
        due: row.at("due_at")?,
        error: row.text("error")?,
        created: row.at("created_at")?,
        sent: row.int_or_null("sent_at")?.map(Timestamp),
    })
}
