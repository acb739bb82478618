//! What the exchange asks before it lets a phone register or sets up a call: read only, one or two queries each.

use std::{collections::BTreeSet, fmt};

use tandem_domain::{
    access::Tenant,
    account::full_name,
    billing::ledger::Funds,
    dialing::{CodeField, PbxCodes},
    huntgroup::{Huntgroup, Member, RingStrategy},
    ids::{AccountId, CustomerId, HuntgroupId},
    locale::TimeZone,
    numbers::{ExtensionNumber, PhoneNumber},
    settings::{Effective, Setting, Value},
    status::{Service, Status},
    supervision::{Mode, Notice},
};

use crate::{
    Store, StoreError, codes,
    db::{Arg, Row, Sql, sql},
    dialing_rules,
    ledger::{self, FUNDS, FUNDS_OF},
};

/// What decides whether an account has service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The customer's status.
    pub customer: Status,
    /// The account's status.
    pub account: Status,
    /// The last day with service, `YYYY-MM-DD` in the customer's time zone.
    pub expires_on: Option<String>,
    /// The customer's time zone.
    pub time_zone: TimeZone,
}

impl Standing {
    /// Whether there is service on the day that `today` tells of the customer's time zone, `YYYY-MM-DD`. It is asked only
    /// when the account expires some day.
    #[must_use]
    pub fn service(&self, today: impl FnOnce(&TimeZone) -> String) -> Service {
        let expired = self.expires_on.as_ref().is_some_and(|last| *last < today(&self.time_zone));
        Service::of(self.customer, self.account, expired)
    }
}

/// An account as the exchange knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The account.
    pub account: AccountId,
    /// Its customer.
    pub customer: CustomerId,
    /// Its extension.
    pub extension: ExtensionNumber,
    /// Its name, which other phones display.
    pub name: String,
    /// What its phones register as; `None` while it has no SIP password: then none of its phones may be called, even if the
    /// exchange still remembers one.
    pub sip_user: Option<String>,
    /// Whether it has service.
    pub standing: Standing,
}

impl Line {
    /// Whose it is.
    #[must_use]
    pub const fn tenant(&self) -> Tenant {
        Tenant::for_system(self.customer)
    }
}

/// What a phone must prove to know, and whose it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    /// The account.
    pub line: Line,
    /// What it registers as.
    pub sip_user: String,
    /// MD5 of `user:realm:password`, in hexadecimal (RFC 2617 §3.2.2.2).
    pub ha1_md5: String,
    /// SHA-256 of the same (RFC 8760 §2.2).
    pub ha1_sha256: String,
}

/// The digests are as good as the password, so they stay out of logs.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone").field("line", &self.line).field("sip_user", &self.sip_user).finish_non_exhaustive()
    }
}

/// Who wants to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub line: Line,
    /// The customer's name.
    pub customer_name: String,
    /// The codes that work on its phones.
    pub codes: PbxCodes,
    /// The number that is shown to the outside: the first public number that rings the account, else the customer's first.
    pub shown_number: Option<PhoneNumber>,
    /// What the customer has left.
    pub funds: Funds,
}

/// What a number rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// An account.
    Account(Line),
    /// The members of a huntgroup.
    Huntgroup(Group),
}

/// A huntgroup as the exchange knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The huntgroup.
    pub id: HuntgroupId,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: ExtensionNumber,
    /// In which order its members ring.
    pub strategy: RingStrategy,
    /// Seconds that one member rings before the next.
    pub ring_seconds: u32,
    /// The members in their order, those without service included: their [`Line::standing`] says so.
    pub members: Vec<Line>,
}

/// A public number and what it rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialledNumber {
    /// Whose number it is.
    pub tenant: Tenant,
    /// That customer's name.
    pub customer_name: String,
    /// What it rings; `None` when its account was closed or its huntgroup deleted.
    pub destination: Option<Destination>,
}

/// What decides whether a manager may join calls of an agent, and what is played then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervising {
    /// The customer's *Call supervision*.
    pub enabled: bool,
    /// The notice policies, in the order of [`Mode::ALL`].
    pub notices: [Notice; 3],
    /// The huntgroups of the two, with no other members than them.
    pub groups: Vec<Huntgroup>,
    /// Everybody of the customer who is marked *Never supervise* in any huntgroup.
    pub protected: BTreeSet<AccountId>,
    /// The name with which the manager signs in, for the audit log; `None` if he cannot.
    pub sign_in: Option<String>,
}

/// How the calls of an account are recorded: its settings as they are in effect (PRODUCT §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingTerms {
    /// The account.
    pub account: AccountId,
    /// Calls that it makes are recorded from their answer.
    pub outgoing: bool,
    /// Calls that it receives are recorded from their answer.
    pub incoming: bool,
    /// Calls that were redirected are recorded too.
    pub redirected: bool,
    /// The user may start and stop recording.
    pub manual: bool,
    /// All parties hear that it is recorded.
    pub announce: bool,
    /// The recording is shown to this account only.
    pub account_only: bool,
    /// The codes that start and stop recording, if the user may.
    pub codes: Option<RecordingCodes>,
}

/// The codes that start and stop recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingCodes {
    /// Starts it.
    pub start: String,
    /// Stops it.
    pub stop: String,
}

/// What the exchange asks. See [`Store::exchange`].
#[derive(Clone, Copy)]
pub struct Exchange<'a>(pub(crate) &'a Store);

/// The columns that [`line()`] reads of an account, its customer and its SIP password.
const LINE: &str = "a.id, a.customer_id, a.extension, a.first_name, a.last_name, a.status, a.expires_on, \
                    c.status AS customer_status, c.time_zone, s.sip_user";
/// Where they are.
const LINE_OF: &str = "JOIN customer c ON c.id = a.customer_id LEFT JOIN sip_credential s ON s.account_id = a.id";

impl Exchange<'_> {
    /// Whose phone registers or calls as `sip_user`, which may be any text.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn phone(&self, sip_user: &str) -> Result<Option<Phone>, StoreError> {
        if sip_user.contains('\0') {
            // PostgreSQL knows no such character, but the network brings any.
            return Ok(None);
        }
        let phone = format!(
            "SELECT {LINE}, s.ha1_md5, s.ha1_sha256 FROM sip_credential s JOIN account a ON a.id = s.account_id \
             JOIN customer c ON c.id = a.customer_id WHERE s.sip_user = $1"
        );
        let read = |row: Row| {
            Ok(Phone {
                line: line(&row)?,
                sip_user: row.text("sip_user")?,
                ha1_md5: row.text("ha1_md5")?,
                ha1_sha256: row.text("ha1_sha256")?,
            })
        };
        self.0.db.one(sql(phone).bind(sip_user)).await?.map(read).transpose()
    }

    /// What is known of an account that calls: its codes as [`Dialing::effective_for`](crate::dialing::Dialing::effective_for)
    /// tells them, its number for the outside.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn caller(&self, account: AccountId) -> Result<Option<Caller>, StoreError> {
        let caller = format!(
            "SELECT {LINE}, c.name AS customer_name, {}, {FUNDS}, COALESCE(\
             (SELECT n.number FROM public_number n WHERE n.account_id = a.id ORDER BY n.id LIMIT 1), \
             (SELECT n.number FROM public_number n WHERE n.customer_id = a.customer_id ORDER BY n.id LIMIT 1)\
             ) AS shown_number \
             FROM account a {LINE_OF} {FUNDS_OF} {CODES_OF} WHERE a.id = $5",
            codes_in_effect(codes::COLUMNS.split(", "))
        );
        let caller = sql(caller).bind_all(codes_args()).bind(account);
        let read = |row: Row| {
            Ok(Caller {
                line: line(&row)?,
                customer_name: row.text("customer_name")?,
                codes: codes::read(&row)?,
                shown_number: row.parse_or_null("shown_number")?,
                funds: ledger::funds(&row)?,
            })
        };
        self.0.db.one(caller).await?.map(read).transpose()
    }

    /// What an extension of a customer rings.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn extension(&self, tenant: Tenant, number: &ExtensionNumber) -> Result<Option<Destination>, StoreError> {
        let holder = "SELECT account_id, huntgroup_id FROM extension WHERE customer_id = $1 AND number = $2";
        match self.0.db.one(sql(holder).bind(tenant.customer()).bind(number)).await? {
            Some(holder) => self.destination(tenant, &holder).await,
            None => Ok(None),
        }
    }

    /// Whose public number this is, and what it rings.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn public_number(&self, number: &PhoneNumber) -> Result<Option<DialledNumber>, StoreError> {
        let found = "SELECT p.id, p.customer_id, p.account_id, p.huntgroup_id, c.name FROM public_number p \
                     JOIN customer c ON c.id = p.customer_id WHERE p.number = $1";
        let Some(row) = self.0.db.one(sql(found).bind(number)).await? else { return Ok(None) };
        let tenant = Tenant::for_system(row.parse("customer_id")?);
        let destination = self.destination(tenant, &row).await?;
        Ok(Some(DialledNumber { tenant, customer_name: row.text("name")?, destination }))
    }

    /// What decides whether `manager` may join calls of `agent` ([`tandem_domain::supervision::may_join`]).
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn supervising(
        &self,
        tenant: Tenant,
        manager: AccountId,
        agent: AccountId,
    ) -> Result<Supervising, StoreError> {
        let customer = tenant.customer();
        let [spy, whisper, barge_in] = Mode::ALL.map(Mode::notice);
        let stored =
            sql("SELECT setting, value FROM customer_setting WHERE customer_id = $1 AND setting IN ($2, $3, $4, $5)")
                .bind(customer)
                .bind(Setting::CallSupervision.key())
                .bind(spy.key())
                .bind(whisper.key())
                .bind(barge_in.key());
        let stored = self.0.db.all(stored).await?;
        let value = |setting: Setting| -> Result<Value, StoreError> {
            for row in &stored {
                if row.text("setting")? == setting.key() {
                    let text = row.text("value")?;
                    return setting.parse(&text).map_err(|_| row.corrupt("value", text));
                }
            }
            Ok(setting.default_value())
        };
        let notice = |setting: Setting| match value(setting) {
            Ok(Value::Notice(notice)) => Ok(notice),
            Ok(Value::Switch(_)) => Ok(Notice::Silent),
            Err(error) => Err(error),
        };
        let members = "SELECT h.id, h.name, h.number, h.strategy, h.ring_seconds, m.account_id, m.supervision_allowed, \
                       m.never_supervise FROM huntgroup_member m JOIN huntgroup h ON h.id = m.huntgroup_id \
                       WHERE m.customer_id = $1 AND m.account_id IN ($2, $3) ORDER BY h.id, m.place";
        let mut groups: Vec<(HuntgroupId, Huntgroup)> = Vec::new();
        for row in self.0.db.all(sql(members).bind(customer).bind(manager).bind(agent)).await? {
            let id = row.parse("id")?;
            if groups.last().is_none_or(|(last, _)| *last != id) {
                let group = Huntgroup {
                    name: row.text("name")?,
                    number: row.parse("number")?,
                    strategy: row.read("strategy", RingStrategy::from_key)?,
                    ring_seconds: row.number("ring_seconds")?,
                    members: Vec::new(),
                };
                groups.push((id, group));
            }
            if let Some((_, group)) = groups.last_mut() {
                group.members.push(Member {
                    account: row.parse("account_id")?,
                    supervision_allowed: row.flag("supervision_allowed")?,
                    never_supervise: row.flag("never_supervise")?,
                });
            }
        }
        let marked = sql("SELECT DISTINCT account_id FROM huntgroup_member WHERE customer_id = $1 AND never_supervise");
        let marked = self.0.db.all(marked.bind(customer)).await?;
        let protected = marked.iter().map(|row| row.parse("account_id")).collect::<Result<_, _>>()?;
        let sign_in =
            sql("SELECT name FROM sign_in WHERE person_id = $1 AND customer_id = $2").bind(manager).bind(customer);
        let sign_in = self.0.db.one(sign_in).await?.map(|row| row.text("name")).transpose()?;
        Ok(Supervising {
            enabled: value(Setting::CallSupervision)?.is_on(),
            notices: [notice(spy)?, notice(whisper)?, notice(barge_in)?],
            groups: groups.into_iter().map(|(_, group)| group).collect(),
            protected,
            sign_in,
        })
    }

    /// How calls of these accounts are recorded, in their order. An account that is not known is not recorded. One query, and
    /// another for the codes if somebody may start and stop.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn recording(&self, accounts: &[AccountId]) -> Result<Vec<RecordingTerms>, StoreError> {
        let stored = self.recording_settings(accounts).await?;
        let is_on = |account: AccountId, setting: Setting| {
            let of = |own: bool| {
                let found = stored.iter().find(|value| value.0 == account && value.1 == own && value.2 == setting);
                found.map(|value| value.3)
            };
            Effective::of(setting, of(false), of(true)).value.is_on()
        };
        let terms = |account: &AccountId| RecordingTerms {
            account: *account,
            outgoing: is_on(*account, Setting::RecordOutgoing),
            incoming: is_on(*account, Setting::RecordIncoming),
            redirected: is_on(*account, Setting::RecordRedirected),
            manual: is_on(*account, Setting::RecordManually),
            announce: is_on(*account, Setting::RecordAnnouncement),
            account_only: is_on(*account, Setting::RecordAccountOnly),
            codes: None,
        };
        let mut all: Vec<RecordingTerms> = accounts.iter().map(terms).collect();
        let manual: Vec<AccountId> = all.iter().filter(|terms| terms.manual).map(|terms| terms.account).collect();
        for (account, codes) in self.recording_codes(&manual).await? {
            for terms in all.iter_mut().filter(|terms| terms.account == account) {
                terms.codes = Some(codes.clone());
            }
        }
        Ok(all)
    }

    /// The stored settings of call recording: whose, whether the account's own, which, and its value.
    async fn recording_settings(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, bool, Setting, Value)>, StoreError> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let list =
            |first: usize, count: usize| (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let (settings, of) = (list(1, Setting::RECORDING.len()), list(Setting::RECORDING.len() + 1, accounts.len()));
        let stored = format!(
            "SELECT s.account_id AS id, TRUE AS own, s.setting, s.value FROM account_setting s \
             WHERE s.account_id IN ({of}) AND s.setting IN ({settings}) \
             UNION ALL SELECT a.id, FALSE, s.setting, s.value FROM account a \
             JOIN customer_setting s ON s.customer_id = a.customer_id WHERE a.id IN ({of}) AND s.setting IN ({settings})"
        );
        let stored = sql(stored)
            .bind_all(Setting::RECORDING.map(|setting| setting.key().into()))
            .bind_all(accounts.iter().map(Into::into));
        let mut values = Vec::new();
        for row in self.0.db.all(stored).await? {
            let setting = row.read("setting", Setting::from_key)?;
            let value = row.read("value", |text| setting.parse(text).ok())?;
            values.push((row.parse("id")?, row.flag("own")?, setting, value));
        }
        Ok(values)
    }

    /// The codes in effect that start and stop recording.
    async fn recording_codes(&self, accounts: &[AccountId]) -> Result<Vec<(AccountId, RecordingCodes)>, StoreError> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let (start, stop) = (CodeField::RecordStart.key(), CodeField::RecordStop.key());
        let places: Vec<String> = (0..accounts.len()).map(|n| format!("${}", n + 5)).collect();
        let (codes, places) = (codes_in_effect([start, stop]), places.join(", "));
        let of = format!("SELECT a.id, {codes} FROM account a {CODES_OF} WHERE a.id IN ({places})");
        let of = sql(of).bind_all(codes_args()).bind_all(accounts.iter().map(Into::into));
        let rows = self.0.db.all(of).await?;
        let read =
            |row: &Row| Ok((row.parse("id")?, RecordingCodes { start: row.text(start)?, stop: row.text(stop)? }));
        rows.iter().map(read).collect()
    }

    /// The account or the huntgroup that a row names.
    async fn destination(&self, tenant: Tenant, holder: &Row) -> Result<Option<Destination>, StoreError> {
        if let Some(account) = holder.parse_or_null::<AccountId>("account_id")? {
            let found = format!("SELECT {LINE} FROM account a {LINE_OF} WHERE a.id = $1 AND a.customer_id = $2");
            let found = self.0.db.one(sql(found).bind(account).bind(tenant.customer())).await?;
            return found.map(|row| line(&row).map(Destination::Account)).transpose();
        }
        let Some(group) = holder.parse_or_null::<HuntgroupId>("huntgroup_id")? else { return Ok(None) };
        let rows = self.0.db.all(members(tenant, group)).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let mut group = Group {
            id: group,
            name: first.text("group_name")?,
            number: first.parse("group_number")?,
            strategy: first.read("strategy", RingStrategy::from_key)?,
            ring_seconds: first.number("ring_seconds")?,
            members: Vec::new(),
        };
        // A group without members is one row without an account.
        if first.text_or_null("id")?.is_some() {
            group.members = rows.iter().map(line).collect::<Result<_, _>>()?;
        }
        Ok(Some(Destination::Huntgroup(group)))
    }
}

/// Where the codes in effect for an account `a` are: see [`crate::dialing`]. Its first arguments are [`codes_args`].
const CODES_OF: &str = "JOIN customer_dialing d ON d.customer_id = a.customer_id \
                        JOIN dialing_rule rule ON rule.id = COALESCE(a.dialing_rule_id, d.rule_id, $1) \
                        LEFT JOIN customer_setting o ON o.customer_id = a.customer_id AND o.setting = $2";
/// Whether the customer's own codes are in effect for an account.
const IS_CUSTOM: &str = "a.dialing_rule_id IS NULL AND d.mode = 'custom' AND COALESCE(o.value, $3) = $4";

/// The columns of codes in effect.
fn codes_in_effect<'a>(codes: impl IntoIterator<Item = &'a str>) -> String {
    let column = |code| format!("CASE WHEN {IS_CUSTOM} THEN d.{code} ELSE rule.{code} END AS {code}");
    codes.into_iter().map(column).collect::<Vec<_>>().join(", ")
}

/// The arguments `$1` to `$4` of what asks for codes.
fn codes_args() -> [Arg; 4] {
    let option = Setting::DialingRulesOption;
    [
        dialing_rules::DEFAULT.into(),
        option.key().into(),
        option.default_value().key().into(),
        Value::Switch(true).key().into(),
    ]
}

/// A huntgroup and its members, one row each in their order.
fn members(tenant: Tenant, group: HuntgroupId) -> Sql {
    let members = format!(
        "SELECT {LINE}, h.name AS group_name, h.number AS group_number, h.strategy, h.ring_seconds FROM huntgroup h \
         LEFT JOIN huntgroup_member m ON m.huntgroup_id = h.id LEFT JOIN account a ON a.id = m.account_id \
         LEFT {LINE_OF} WHERE h.id = $1 AND h.customer_id = $2 ORDER BY m.place"
    );
    sql(members).bind(group).bind(tenant.customer())
}

fn line(row: &Row) -> Result<Line, StoreError> {
    Ok(Line {
        account: row.parse("id")?,
        customer: row.parse("customer_id")?,
        extension: row.parse("extension")?,
        name: full_name(&row.text("first_name")?, &row.text("last_name")?),
        sip_user: row.text_or_null("sip_user")?,
        standing: Standing {
            customer: row.read("customer_status", Status::from_key)?,
            account: row.read("status", Status::from_key)?,
            expires_on: row.text_or_null("expires_on")?,
            time_zone: row.parse("time_zone")?,
        },
    })
}
