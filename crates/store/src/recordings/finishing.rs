//! What a finished recording becomes: a row, and the e-mail if its three conditions hold, in one transaction.

use tandem_domain::{
    account::full_name,
    class::Notification,
    ids::{AccountId, CustomerId, MailId, Timestamp},
    locale::{Locale, TimeZone},
    mail::MailKind,
    recordings::Recording,
    settings::{Effective, Setting},
    status::Status,
};

use super::{Recordings, WORDS, words_of};
use crate::{
    Store, StoreError, classes,
    db::{Arg, Row, Sql, Tx, sql},
    outbox::{self, NewMail},
    outside::{self, SHORT},
    search::{self, Words},
};

/// A recording whose sound is in the object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedRecording {
    /// The recording. All its lengths are known.
    pub recording: Recording,
    /// The size of the WAV.
    pub wav_octets: u64,
    /// The size of the Ogg Opus.
    pub opus_octets: u64,
}

/// Whom a recording is e-mailed to, and how dates are written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// The account that recorded.
    pub account: AccountId,
    /// Its customer.
    pub customer: CustomerId,
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// The customer's name.
    pub customer_name: String,
    /// The customer's language.
    pub locale: Locale,
    /// The customer's time zone.
    pub time_zone: TimeZone,
}

/// What is written to an addressee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The subject line.
    pub subject: String,
    /// The text for programs that show text only.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Whether the sound is attached.
    pub attached: bool,
}

/// What became of a finished recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// It has its row now, and this e-mail if one is sent.
    New(Option<MailId>),
    /// It had its row before, or was deleted before; nothing was done.
    Before,
}

impl Recordings<'_> {
    /// Writes the row of a finished recording and, if the class has the notification on, the account has an e-mail address
    /// and wants its recordings there (PRODUCT §2), the e-mail that `letter` makes: all as it is at this moment, in one
    /// transaction. What is there already is left as it is, so that it can be repeated. The recording is for its account only
    /// when it says so or the setting does.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: the customer is not known here, and repeating does not help; [`StoreError::Database`].
    pub async fn finish(
        &self,
        now: Timestamp,
        finished: &FinishedRecording,
        letter: impl FnOnce(&Recording, &Addressee) -> Letter,
    ) -> Result<Finished, StoreError> {
        let mut recording = finished.recording.clone();
        let mut tx = self.0.begin().await?;
        let owner = tx.one(owner(&recording)).await?.ok_or(StoreError::NotFound)?;
        recording.account_only |= is_on(&owner, Setting::RecordAccountOnly)?;
        let deleted = "SELECT object FROM recording_deletion WHERE object = $1";
        if tx.one(sql(deleted).bind(recording.object())).await?.is_some() {
            return Ok(Finished::Before);
        }
        let words = words_of(&recording);
        let kept = FinishedRecording { recording, ..*finished };
        if insert(&mut tx, &kept, &words).await? == 0 {
            return Ok(Finished::Before);
        }
        let recording = &kept.recording;
        let indexed = words.rows(WORDS.kind, &recording.id.to_string()).collect();
        tx.insert_all_or(search::INSERT, indexed, "ON CONFLICT DO NOTHING").await?;
        let mail = match addressee(&owner)? {
            None => None,
            Some(addressee) => {
                let Letter { subject, text, html, attached } = letter(recording, &addressee);
                let mail = NewMail {
                    cause: cause(recording),
                    kind: MailKind::NewCallRecording,
                    customer: Some(recording.customer),
                    account: Some(recording.account),
                    recipient: addressee.email,
                    subject,
                    text,
                    html,
                    recording: attached.then_some(recording.id),
                };
                outbox::add(self.0, &mut tx, now, &mail).await?
            }
        };
        tx.commit().await?;
        Ok(Finished::New(mail))
    }
}

/// What names the one e-mail about a recording.
pub(super) fn cause(recording: &Recording) -> String {
    format!("recording:{}", recording.id)
}

/// The settings that are asked for, in the order of their columns.
const ASKED: [Setting; 2] = [Setting::RecordByEmail, Setting::RecordAccountOnly];

/// What is known of the account that recorded, with nothing of it if it is not known any more, and of its customer.
fn owner(recording: &Recording) -> Sql {
    let mut columns = String::new();
    for (n, setting) in ASKED.iter().enumerate() {
        let (key, place) = (setting.key(), n + 3);
        columns.push_str(&format!(
            ", (SELECT s.value FROM account_setting s WHERE s.account_id = a.id AND s.setting = ${place}) AS own_{key}, \
             (SELECT s.value FROM customer_setting s WHERE s.customer_id = c.id AND s.setting = ${place}) AS {key}"
        ));
    }
    let owner = format!(
        "SELECT c.id AS customer_id, c.name AS customer_name, c.locale, c.time_zone, k.notifications, a.id, a.status, \
         a.first_name, a.last_name, a.email{columns} FROM customer c JOIN customer_class k ON k.id = c.class_id \
         LEFT JOIN account a ON a.customer_id = c.id AND a.id = $2 WHERE c.id = $1"
    );
    let owner = sql(owner).bind(recording.customer).bind(recording.account);
    owner.bind_all(ASKED.map(|setting| setting.key().into()))
}

/// Whether a setting is on for the account.
fn is_on(owner: &Row, setting: Setting) -> Result<bool, StoreError> {
    let value = |column: &str| {
        let text = owner.text_or_null(column)?;
        text.map(|text| setting.parse(&text).map_err(|_| owner.corrupt(column, text))).transpose()
    };
    let (of_customer, of_account) = (value(setting.key())?, value(&format!("own_{}", setting.key()))?);
    Ok(Effective::of(setting, of_customer, of_account).value.is_on())
}

/// Whom to write to, if the three conditions hold and the account is not closed.
fn addressee(owner: &Row) -> Result<Option<Addressee>, StoreError> {
    let Some(account) = owner.parse_or_null("id")? else { return Ok(None) };
    let email = owner.text("email")?;
    let told = classes::notifications(owner)?.contains(&Notification::NewCallRecording);
    let is_there = owner.read("status", Status::from_key)? != Status::Closed;
    if !told || !is_there || email.is_empty() || !is_on(owner, Setting::RecordByEmail)? {
        return Ok(None);
    }
    Ok(Some(Addressee {
        account,
        customer: owner.parse("customer_id")?,
        name: full_name(&owner.text("first_name")?, &owner.text("last_name")?),
        email,
        customer_name: owner.text("customer_name")?,
        locale: owner.read("locale", Locale::from_tag)?,
        time_zone: owner.parse("time_zone")?,
    }))
}

/// The head of an insert of [`row`].
const INSERT: &str = "INSERT INTO recording (id, customer_id, account_id, account_only, call_id, direction, \
                                 caller_number, caller_name, caller_account_id, callee_number, callee_name, \
                                 callee_account_id, huntgroup, started_at, ended_at, length_ms, segments, marks, \
                                 wav_octets, opus_octets, search)";

/// Writes the rows of recordings without asking anything, for measurements.
pub(crate) async fn append(store: &Store, finished: &[FinishedRecording]) -> Result<(), StoreError> {
    let (mut rows, mut indexed) = (Vec::new(), Vec::new());
    for finished in finished {
        let words = words_of(&finished.recording);
        indexed.extend(words.rows(WORDS.kind, &finished.recording.id.to_string()));
        rows.push(row(finished, &words));
    }
    let mut tx = store.begin().await?;
    tx.insert_all(INSERT, rows).await?;
    tx.insert_all(search::INSERT, indexed).await?;
    tx.commit().await
}

/// Inserts a row unless it is there, and tells how many were inserted.
async fn insert(tx: &mut Tx, finished: &FinishedRecording, words: &Words) -> Result<u64, StoreError> {
    let args = row(finished, words);
    let places: Vec<String> = (1..=args.len()).map(|n| format!("${n}")).collect();
    let insert = format!("{INSERT} VALUES ({}) ON CONFLICT (id) DO NOTHING", places.join(", "));
    tx.run(sql(insert).bind_all(args)).await
}

/// A recording as a row.
fn row(FinishedRecording { recording, wav_octets, opus_octets }: &FinishedRecording, words: &Words) -> Vec<Arg> {
    let Recording {
        id,
        call,
        customer,
        account,
        account_only,
        direction,
        caller,
        callee,
        huntgroup,
        started,
        ended,
        segments,
        marks,
    } = recording;
    let json = |text: Result<String, serde_json::Error>| text.expect("times, numbers and texts are always JSON");
    vec![
        id.into(),
        customer.into(),
        account.into(),
        (*account_only).into(),
        call.into(),
        direction.key().into(),
        outside::line(&caller.number, SHORT).into(),
        outside::line(&caller.name, SHORT).into(),
        caller.account.into(),
        outside::line(&callee.number, SHORT).into(),
        outside::line(&callee.name, SHORT).into(),
        callee.account.into(),
        outside::line(huntgroup, SHORT).into(),
        (*started).into(),
        (*ended).into(),
        recording.length_ms().into(),
        json(serde_json::to_string(segments)).into(),
        json(serde_json::to_string(marks)).into(),
        (*wav_octets).into(),
        (*opus_octets).into(),
        words.column().into(),
    ]
}
