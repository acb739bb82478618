//! The mailbox of the demonstration, where no e-mail leaves the machine: an account reads here what it was sent.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{access::Field, ids::MailId};

use crate::{
    context::is_demo,
    data::{load, loaded},
    error::AppError,
    listing::{ListArgs, Listing},
    pages::errors::error_page,
    parts::{
        address::of_address,
        letter::{Letter, WHAT, letter_cards},
    },
    ui::{ListPage, PageHeader, list_args},
};

/// An e-mail that an account was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnMail {
    /// What was written.
    pub letter: Letter,
    /// To whom and when.
    pub subtitle: String,
}

/// A page of the e-mails that the account was sent, the newest first.
///
/// # Errors
/// Outside of the demonstration; somebody who is no account.
#[server(endpoint = "own_mail_list")]
pub async fn own_mail_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use crate::{
        listing::{Cell, Column, ListRow},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let account = server::owner(&ask)?;
    let page = ask.store().outbox().of_account(account, &args.query(())).await;
    let page = page.map_err(|error| ask.tell(WHAT, error))?;
    let columns = ["Subject", "To", "Sent"].map(Column::plain).into();
    Ok(Listing::of(columns, page, |mail| ListRow {
        href: Some(format!("/self-care/mailbox/{}", mail.id)),
        cells: vec![
            Cell::Text(mail.subject),
            Cell::Text(mail.recipient),
            Cell::Figures(ask.time_with_seconds(mail.sent.unwrap_or(mail.created))),
        ],
    }))
}

/// An e-mail that the account was sent.
///
/// # Errors
/// As [`own_mail_list`]; no such e-mail of this account.
#[server(endpoint = "own_mail_read")]
pub async fn own_mail_read(
    /// Which.
    id: MailId,
) -> Result<OwnMail, AppError> {
    use tandem_store::StoreError;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let account = server::owner(&ask)?;
    let mail = ask.store().outbox().one_of_account(account, id).await.map_err(|error| ask.tell(WHAT, error))?;
    // What was attached may be deleted by now.
    let attached = match mail.row.recording {
        None => None,
        Some(recording) => match ask.store().recordings().one(ask.me.who, recording).await {
            Ok(_) => Some(recording),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(ask.tell(WHAT, error)),
        },
    };
    let sent = ask.time_with_seconds(mail.row.sent.unwrap_or(mail.row.created));
    Ok(OwnMail {
        letter: Letter { id, subject: mail.row.subject, text: mail.text, attached },
        subtitle: format!("To {}, {sent}", mail.row.recipient),
    })
}

#[cfg(feature = "ssr")]
mod server {
    use tandem_domain::{access::Field, ids::AccountId};

    use crate::{error::AppError, pages::self_care::own::own_account, server::ask::Ask};

    /// The account whose mailbox it is.
    ///
    /// # Errors
    /// Outside of the demonstration there is none; a role that shows nothing of recordings by e-mail.
    pub(super) fn owner(ask: &Ask) -> Result<AccountId, AppError> {
        let (_, account, _) = own_account(ask)?;
        ask.see(Field::RecordByEmail)?;
        if ask.services().demo { Ok(account) } else { Err(AppError::NotFound("page".into())) }
    }
}

/// The mailbox.
#[component]
pub fn MailboxPage() -> impl IntoView {
    if !is_demo() {
        return error_page(&AppError::NotFound("page".into()));
    }
    let args = list_args();
    view! {
        <ListPage
            title="Mailbox"
            description="In the demonstration no e-mail leaves this machine: what you were sent is here."
            listing=load(move || Ok(OwnMailList { args: args.get() }))
            args=args
            noun=("e-mail", "e-mails")
            empty=("No e-mails yet", "Record a call: when it is over, the recording is e-mailed to you, if you have that on.")
            search_in="subject"
            seen_by=&[Field::RecordByEmail]
        />
    }
    .into_any()
}

/// One e-mail.
#[component]
pub fn MailPage() -> impl IntoView {
    if !is_demo() {
        return error_page(&AppError::NotFound("page".into()));
    }
    let data = load(of_address(WHAT, |id| OwnMailRead { id }));
    loaded(data, |OwnMail { letter, subtitle }| {
        view! {
            <PageHeader title=letter.subject.clone() subtitle=subtitle back=("/self-care/mailbox", "Mailbox") />
            <div class="stack max-w-208">{letter_cards(letter, true)}</div>
        }
        .into_any()
    })
}
