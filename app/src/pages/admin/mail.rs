//! E-mail: what was sent, what waits, and what failed and why.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    ids::MailId,
    mail::{MailKind, MailState},
};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{ListArgs, Listing, Tone},
    parts::{
        address::of_address,
        letter::{Letter, WHAT, letter_cards},
    },
    post::Done,
    ui::{
        Badge, Button, Card, DescriptionList, Filter, FilterInput, Kind, ListPage, Notice, PageHeader, PostForm,
        list_args,
    },
};

/// An e-mail, in words for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailView {
    /// What was written.
    pub letter: Letter,
    /// How far it is, in a word with its colour.
    pub badge: (Tone, String),
    /// Why the last attempt failed; empty if none did.
    pub error: String,
    /// The facts: what, and how it is.
    pub facts: Vec<(String, String)>,
    /// It waits or has failed: it can be sent now.
    pub can_retry: bool,
}

/// A page of the outbox, the newest first. Filters: `state`, `kind`, and `customer` as the list of accounts has it.
///
/// # Errors
/// Without the permission to see the outbox.
#[server(endpoint = "mail_list")]
pub async fn mail_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_store::outbox::MailFilters;

    use crate::{
        listing::{Cell, Column, ListRow},
        parts::customer_filter::{Asked, asked_customer},
        server::{ask::Ask, format},
    };

    let ask = Ask::now()?;
    ask.see(Field::Outbox)?;
    let with_customer = ask.me.sees(Field::CustomerName);
    let columns: Vec<Column> =
        ["Written", "To", "Subject", "State", "Attempts", "Last error"].map(Column::plain).into();
    let customer = match asked_customer(&ask, ask.scope()?, args.filter("customer")).await? {
        Asked::All => None,
        Asked::One(customer) => Some(customer),
        Asked::Nobody => return Ok(Listing::whole(columns, Vec::new())),
    };
    let filters = MailFilters {
        state: MailState::from_key(args.filter("state")),
        kind: MailKind::from_key(args.filter("kind")),
        customer,
    };
    let page = ask.store().outbox().list(&args.query(()), &filters).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Listing::of(columns, page, |mail| {
        let (tone, word) = state_badge(mail.state);
        let (day, time) = format::day_and_time(mail.created, ask.me.locale, &ask.me.time_zone);
        let waits = mail.state == MailState::Waiting;
        let due = if waits { format!("next {}", ask.time_with_seconds(mail.due)) } else { String::new() };
        let cells = vec![
            Cell::Two(day, time),
            Cell::Two(mail.recipient, if with_customer { mail.customer_name } else { String::new() }),
            Cell::Two(mail.subject, mail.kind.label().into()),
            Cell::Badge(tone, word),
            Cell::Two(mail.attempts.to_string(), due),
            Cell::Text(shortened(&mail.error)),
        ];
        ListRow { href: Some(format!("/admin/mail/{}", mail.id)), cells }
    }))
}

/// An e-mail.
///
/// # Errors
/// No such e-mail; no permission.
#[server(endpoint = "mail_read")]
pub async fn mail_read(
    /// Which.
    id: MailId,
) -> Result<MailView, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::Outbox)?;
    let mail = ask.store().outbox().one(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let row = mail.row;
    let fact = |what: &str, how: String| (what.to_owned(), how);
    let mut facts = vec![fact("To", row.recipient), fact("About", row.kind.label().to_owned())];
    facts.extend(ask.me.sees(Field::CustomerName).then(|| fact("Customer", row.customer_name)));
    facts.push(fact("Written", ask.time_with_seconds(row.created)));
    facts.push(fact("Attempts", row.attempts.to_string()));
    facts.extend((row.state == MailState::Waiting).then(|| fact("Next try", ask.time_with_seconds(row.due))));
    facts.push(fact("Sent", row.sent.map(|sent| ask.time_with_seconds(sent)).unwrap_or_default()));
    Ok(MailView {
        letter: Letter {
            id,
            subject: row.subject,
            text: mail.text,
            attached: row.recording.filter(|_| ask.me.sees(Field::Recordings)),
        },
        badge: state_badge(row.state),
        error: row.error,
        facts,
        can_retry: matches!(row.state, MailState::Waiting | MailState::Failed),
    })
}

/// Has an e-mail that waits or has failed sent now.
///
/// # Errors
/// It is being sent, or was sent; no permission.
#[server(endpoint = "mail_retry")]
pub async fn mail_retry(
    /// Which.
    id: MailId,
) -> Result<Done, AppError> {
    use tandem_store::StoreError;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Outbox)?;
    match ask.store().outbox().retry(&ask.change(), id).await {
        Ok(()) => {
            ask.services().recordings.mail_waits();
            Ok(Done::say("The e-mail is tried again now"))
        }
        Err(StoreError::Refused(errors)) => Err(AppError::Refused(errors.words())),
        Err(error) => Err(ask.tell(WHAT, error)),
    }
}

/// Characters of an error that the list shows.
#[cfg(feature = "ssr")]
const ERROR_SHOWN: usize = 80;

/// The beginning of an error: the page of the e-mail has all of it.
#[cfg(feature = "ssr")]
fn shortened(error: &str) -> String {
    let mut short: String = error.chars().take(ERROR_SHOWN).collect();
    if short.len() < error.len() {
        short.push('…');
    }
    short
}

/// How far an e-mail is, with its colour.
#[cfg(feature = "ssr")]
fn state_badge(state: MailState) -> (Tone, String) {
    let tone = match state {
        MailState::Waiting => Tone::Warning,
        MailState::Sending => Tone::Info,
        MailState::Sent => Tone::Good,
        MailState::Failed => Tone::Bad,
    };
    (tone, state.label().to_owned())
}

/// The outbox.
#[component]
pub fn OutboxPage() -> impl IntoView {
    let args = list_args();
    let states = MailState::ALL.map(|state| (state.key().to_owned(), state.label().to_owned())).into();
    let kinds = MailKind::ALL.map(|kind| (kind.key().to_owned(), kind.label().to_owned())).into();
    view! {
        <ListPage
            title="E-mail"
            description="What Tandem wrote to people: sent, waiting, or failed. What fails is tried again for about two days."
            listing=load(move || Ok(MailList { args: args.get() }))
            args=args
            noun=("e-mail", "e-mails")
            filters=vec![
                Filter { name: "state", label: "State", options: states },
                Filter { name: "kind", label: "About", options: kinds },
            ]
            inputs=vec![FilterInput { name: "customer", label: "Customer", kind: "text" }]
            empty=("No e-mails yet", "What is written to people, such as a new call recording, will be listed here.")
            search_in="recipient or subject"
            seen_by=&[Field::Outbox]
        />
    }
}

/// One e-mail.
#[component]
pub fn MailPage() -> impl IntoView {
    let data = load(of_address(WHAT, |id| MailRead { id }));
    loaded(data, |MailView { letter, badge: (tone, word), error, facts, can_retry }| {
        let id = letter.id.to_string();
        let retry = (can_retry && me().modifies(Field::Outbox)).then(|| {
            view! {
                <PostForm to=MailRetry::PATH fields=vec![("id", id)]>
                    <Button label="Try again" kind=Kind::Primary />
                </PostForm>
            }
            .into_any()
        });
        let error = (!error.is_empty()).then(|| {
            let tone = if tone == Tone::Bad { Tone::Bad } else { Tone::Warning };
            view! { <Notice tone=tone text=["The last attempt failed: ", &error].concat() /> }.into_any()
        });
        view! {
            <PageHeader
                title=letter.subject.clone()
                back=("/admin/mail", "E-mail")
                badge=move || view! { <Badge tone=tone text=word.clone() /> }
            />
            <div class="stack max-w-208">
                {error}
                {retry}
                <Card title="Delivery"><DescriptionList items=facts /></Card>
                {letter_cards(letter, false)}
            </div>
        }
        .into_any()
    })
}
