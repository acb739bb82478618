//! One call: where it stands or how it went, how it sounded, and its signalling.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::{Audience, Field},
    ids::CallId,
};

use super::{
    WHAT,
    ladder::{Ladder, ladder_card},
};
use crate::{
    context::me,
    data::{load_live, loaded},
    error::AppError,
    listing::{Listing, Tone},
    live::{Topic, live},
    parts::address::{address_id, parse_id},
    post::Done,
    ui::{
        Badge, Card, CollectAny as _, ConfirmButton, DataTable, DescriptionList, LinkButton, PageHeader, PostForm, Sign,
    },
};

/// A call, as far as the reader's role shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// "John → Mary Smith".
    pub title: String,
    /// When it began.
    pub subtitle: String,
    /// Where it stands, or how it ended, in a word with its colour.
    pub badge: (Tone, String),
    /// The call as the list of live calls has it, while it is going on.
    pub live: Option<Listing>,
    /// What is kept of it: one for each customer that took part.
    pub records: Vec<CallRecord>,
    /// Its recordings that this person sees: when each began, and its page.
    pub recordings: Vec<(String, String)>,
    /// Who supervised it, in which mode, and what they noted, for those who read the audit log, if anybody did.
    pub supervision: Option<Listing>,
    /// The signalling, for those who may see it, if there is any (any more).
    pub ladder: Option<Ladder>,
}

/// What is kept of a call for one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Whose it is, where the reader sees several; else empty.
    pub customer: String,
    /// The facts: what, and how it is.
    pub facts: Vec<(String, String)>,
    /// How the sound arrived.
    pub quality: Option<Listing>,
}

/// A call.
///
/// # Errors
/// No such call, or not for this person; no permission to see calls.
#[server(endpoint = "call_read")]
pub async fn call_read(
    /// Which.
    id: CallId,
) -> Result<CallView, AppError> {
    use super::{ladder, words};
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let sight = server::Sight::of(&ask)?;
    let tell = |error| ask.tell(WHAT, error);
    let live = if ask.me.sees(Field::LiveCalls) { sight.live(&ask, id) } else { None };
    let mut records = Vec::new();
    if ask.me.sees(Field::CallHistory) {
        records = sight.records(&ask, id, live.is_some()).await?;
    } else if live.is_none() {
        ask.see(Field::CallHistory)?;
    }
    let (caller, callee, started, badge) = match (&live, records.first()) {
        (Some(call), _) => (&call.caller, &call.callee, call.started, words::state_badge(call.state)),
        (None, Some(xdr)) => (&xdr.caller, &xdr.callee, xdr.started, words::cause_badge(xdr.cause)),
        (None, None) => return Err(AppError::NotFound(WHAT.into())),
    };
    let short = |party| match words::name_of(&ask.me, party) {
        "" => words::party(&ask.me, party),
        name => name.to_owned(),
    };
    let (caller, callee) = (short(caller), short(callee));
    let ladder = if ask.me.sees(Field::SipLadder) {
        let log = ask.store().sip_log().of_call(sight.scope, id).await.map_err(tell)?;
        ladder::server::ladder(log, &caller, &callee, |at| ask.time_with_seconds(at))
    } else {
        None
    };
    let recordings = server::recordings(&ask, id).await?;
    let supervision = server::supervision(&ask, id).await?;
    let live = live.map(|call| {
        let row = words::live_row(&ask.me, &call, None, ask.at());
        Listing::whole(words::live_columns(false), vec![row])
    });
    let mut told = Vec::new();
    for xdr in &records {
        told.push(server::record(&ask, sight.scope, xdr).await?);
    }
    Ok(CallView {
        title: format!("{caller} → {callee}"),
        subtitle: ask.time_with_seconds(started),
        badge,
        live,
        records: told,
        recordings,
        supervision,
        ladder,
    })
}

/// Ends a call that is going on.
///
/// # Errors
/// No such call, or over by now; no permission.
#[server(endpoint = "call_end")]
pub async fn call_end(
    /// Which.
    id: CallId,
) -> Result<Done, AppError> {
    use tandem_domain::audit::{FieldChange, Subject};

    use super::words;
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::EndCall)?;
    let sight = server::Sight::of(&ask)?;
    let Some(call) = sight.live(&ask, id) else {
        return Err(AppError::Refused("This call is over already.".into()));
    };
    let tell = |error| ask.tell(WHAT, error);
    let customer = ask.store().customers().get(ask.tenant(call.customer)?).await.map_err(tell)?.value.name;
    ask.services().exchange.end_call(id);
    let parties = format!("{} → {}", words::party(&ask.me, &call.caller), words::party(&ask.me, &call.callee));
    let change = FieldChange { field: "call".into(), old: parties, new: String::new() };
    let (whose, customer_id) = (Some(call.customer), call.customer.to_string());
    let noted = ask.store().audit();
    let noted = noted.note(&ask.change(), whose, Subject::Customer, &customer_id, &customer, "ended", change).await;
    noted.map_err(tell)?;
    Ok(Done::say("The call is being ended"))
}

#[cfg(feature = "ssr")]
pub(super) mod server {
    use std::time::Duration;

    use tandem_domain::{
        access::{Audience, Field, Scope, Who},
        calls::{LiveCall, Xdr},
        ids::{AccountId, CallId, Timestamp},
    };

    use super::CallRecord;
    use crate::{
        error::AppError,
        listing::Listing,
        parts::calls::{WHAT, words},
        server::ask::Ask,
    };

    /// How often the record of a call that has just ended is looked for, and how long after each other.
    const LOOKS: u32 = 12;
    const LOOKS_AGAIN: Duration = Duration::from_millis(250);
    /// Milliseconds after its beginning for which a call may just have ended.
    const LATELY: u128 = 24 * 60 * 60 * 1000;

    /// Whether a call began in the last day; its id is of that moment (RFC 9562 §5.7).
    fn began_lately(id: CallId, now: Timestamp) -> bool {
        let (began, now) = (id.0.as_u128() >> 80, u128::try_from(now.0).unwrap_or_default());
        now.checked_sub(began).is_some_and(|ago| ago < LATELY)
    }

    /// Whose calls a person may see: everybody's, the company's, or one's own.
    #[derive(Debug, Clone, Copy)]
    pub(in crate::parts::calls) struct Sight {
        /// Whose records.
        pub scope: Scope,
        /// Of them those of this account.
        pub account: Option<AccountId>,
    }

    impl Sight {
        /// That of the person who asks.
        ///
        /// # Errors
        /// Never: everybody has calls of their own to see.
        pub(in crate::parts::calls) fn of(ask: &Ask) -> Result<Self, AppError> {
            match ask.me.who {
                Who::Account { account, .. } => {
                    Ok(Self { scope: Scope::of(ask.own_tenant()?), account: Some(account) })
                }
                Who::Administrator(_) | Who::Customer(_) => Ok(Self { scope: ask.scope()?, account: None }),
            }
        }

        /// What is kept of a call, as far as it is to be seen. A call that is over is written down a moment later: for one
        /// that began not long ago, and is not going on, that is waited for.
        ///
        /// # Errors
        /// Faults on our side.
        pub(super) async fn records(self, ask: &Ask, id: CallId, is_live: bool) -> Result<Vec<Xdr>, AppError> {
            let mut looks = if is_live || !began_lately(id, ask.at()) { 1 } else { LOOKS };
            loop {
                let found = ask.store().xdrs().of_call(self.scope, id).await;
                let mut found = found.map_err(|error| ask.tell(WHAT, error))?;
                found.retain(|xdr| self.took_part(xdr));
                looks -= 1;
                if looks == 0 || !found.is_empty() {
                    return Ok(found);
                }
                tokio::time::sleep(LOOKS_AGAIN).await;
            }
        }

        /// Whether a record of the scope is to be seen.
        fn took_part(self, xdr: &Xdr) -> bool {
            self.account.is_none_or(|own| [xdr.caller.account, xdr.callee.account].contains(&Some(own)))
        }

        /// The call, if it is going on and to be seen.
        pub(super) fn live(self, ask: &Ask, id: CallId) -> Option<LiveCall> {
            let took_part = |call: &LiveCall| {
                self.account.is_none_or(|own| [call.caller.account, call.callee.account].contains(&Some(own)))
            };
            let mut calls = ask.services().exchange.calls(self.scope.customer()).into_iter();
            calls.find(|call| call.id == id && took_part(call))
        }
    }

    /// The recordings of a call that the person who asks sees: when each began and how long it is, and its page.
    ///
    /// # Errors
    /// Faults on our side.
    pub(super) async fn recordings(ask: &Ask, id: CallId) -> Result<Vec<(String, String)>, AppError> {
        use crate::parts::recordings::{WHAT, recording_path, words};

        if !ask.me.sees(Field::Recordings) {
            return Ok(Vec::new());
        }
        let found = ask.store().recordings().of_call(ask.me.who, id).await.map_err(|error| ask.tell(WHAT, error))?;
        Ok(found
            .into_iter()
            .map(|row| {
                let recording = row.recording;
                let label =
                    format!("{}, {}", ask.time_with_seconds(recording.started), words::length(recording.length_ms()));
                (label, recording_path(ask.me.audience(), recording.id))
            })
            .collect())
    }

    /// What the audit log has of managers in a call. Whom they listened to does not read of it.
    ///
    /// # Errors
    /// Faults on our side.
    pub(super) async fn supervision(ask: &Ask, id: CallId) -> Result<Option<Listing>, AppError> {
        use tandem_domain::audit::Subject;
        use tandem_store::audit::AuditFilters;

        use crate::parts::audit_list::audit_lines;

        if ask.me.audience() == Audience::Account || !ask.me.sees(Field::AuditLog) {
            return Ok(None);
        }
        let filters = AuditFilters {
            subject: Some(Subject::Supervision),
            record: Some(id.to_string()),
            ..AuditFilters::default()
        };
        let mut lines = audit_lines(ask, ask.scope()?, filters, None).await?;
        // They would lead here.
        lines.rows.iter_mut().for_each(|row| row.href = None);
        Ok(Some(lines).filter(|lines| !lines.rows.is_empty()))
    }

    /// What is kept of a call, in words for the person who asks.
    pub(super) async fn record(ask: &Ask, scope: Scope, xdr: &Xdr) -> Result<CallRecord, AppError> {
        let with_customer = scope.customer().is_none() && ask.me.sees(Field::CustomerName);
        let customer = if with_customer {
            let found = ask.store().customers().get(ask.tenant(xdr.customer)?).await;
            found.map_err(|error| ask.tell(WHAT, error))?.value.name
        } else {
            String::new()
        };
        let fact = |what: &str, how: String| (what.to_owned(), how);
        let moment = |at: Timestamp| ask.time_with_seconds(at);
        let mut facts =
            vec![fact("From", words::party(&ask.me, &xdr.caller)), fact("To", words::party(&ask.me, &xdr.callee))];
        facts.extend((xdr.dialled != xdr.callee.number).then(|| fact("Dialled", xdr.dialled.clone())));
        facts.extend((!xdr.huntgroup.is_empty()).then(|| fact("Huntgroup", xdr.huntgroup.clone())));
        facts.push(fact("Direction", xdr.direction.label().to_owned()));
        facts.push(fact("Began", moment(xdr.started)));
        facts.push(fact("Answered", xdr.answered.map(moment).unwrap_or_default()));
        facts.push(fact(
            "Ended",
            format!("{}, by the {}", moment(xdr.ended), xdr.ended_by.label().to_ascii_lowercase()),
        ));
        facts.push(fact("Talked", words::talked(xdr)));
        facts.push(fact("Result", format!("{} (SIP {})", xdr.cause.label(), xdr.status)));
        Ok(CallRecord { customer, facts, quality: words::quality_table(xdr) })
    }
}

/// The page of the call in the address.
pub fn call_page() -> AnyView {
    let id = address_id();
    // The signalling is written a moment after what it brought about was shown.
    let refresh = live(&[Topic::Calls, Topic::Xdrs, Topic::Signalling]);
    let data = load_live(refresh, move || Ok(CallRead { id: parse_id(WHAT, &id())? }));
    loaded(data, move |call| {
        let CallView { title, subtitle, badge, live, records, recordings, supervision, ladder } = call;
        let back = match me().audience() {
            Audience::Administrator if live.is_some() => ("/admin/calls", "Live calls"),
            Audience::Administrator => ("/admin/xdrs", "xDRs"),
            Audience::Customer | Audience::Account => ("/self-care/history", "Call history"),
        };
        let live = live.map(|listing| live_card(listing, untrack(id)));
        let records = records.into_iter().map(record_cards).collect_any();
        view! {
            <PageHeader
                title=title
                subtitle=subtitle
                back=back
                badge=move || view! { <Badge tone=badge.0 text=badge.1.clone() /> }
            />
            <div class="stack">
                {live}
                {records}
                {(!recordings.is_empty()).then(|| recordings_card(recordings))}
                {supervision.map(supervision_card)}
                {me().sees(Field::SipLadder).then(|| ladder_card(ladder))}
            </div>
        }
        .into_any()
    })
}

fn live_card(listing: Listing, id: String) -> AnyView {
    let end = move || {
        me().modifies(Field::EndCall).then(|| {
            view! {
                <PostForm to=CallEnd::PATH fields=vec![("id", id.clone())]>
                    <ConfirmButton
                        label="End the call"
                        title="End this call?"
                        text="Both parties hear that it ends. They can call each other again."
                        confirm="End the call"
                        danger=true
                    />
                </PostForm>
            }
            .into_any()
        })
    };
    view! { <Card title="Going on now" flush=true actions=end><DataTable listing=listing label="This call" /></Card> }
        .into_any()
}

fn recordings_card(recordings: Vec<(String, String)>) -> AnyView {
    let links = recordings
        .into_iter()
        .map(|(label, href)| view! { <LinkButton href=href label=label sign=Sign::Recording /> }.into_any())
        .collect_any();
    view! { <Card title="Recordings"><div class="actions">{links}</div></Card> }.into_any()
}

fn supervision_card(lines: Listing) -> AnyView {
    view! { <Card title="Supervision" flush=true><DataTable listing=lines label="Supervision" /></Card> }.into_any()
}

fn record_cards(record: CallRecord) -> AnyView {
    let CallRecord { customer, facts, quality } = record;
    let title = if customer.is_empty() { "Call".to_owned() } else { format!("Call of {customer}") };
    let quality = quality.map(|listing| {
        view! {
            <Card title="Quality" description="How the sound arrived here, from either side." flush=true>
                <DataTable listing=listing label="Quality" />
            </Card>
        }
        .into_any()
    });
    view! {
        <Card title=title><DescriptionList items=facts /></Card>
        {quality}
    }
    .into_any()
}
