//! The mailbox of the demonstration, where no e-mail leaves the machine: an account reads here what it was sent, and a customer
//! what was sent to itself, such as about its payments.

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

/// An e-mail that an account, or a customer itself, was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnMail {
    /// What was written.
    pub letter: Letter,
    /// To whom and when.
    pub subtitle: String,
}

/// A page of the e-mails that the account, or the customer itself, was sent, the newest first.
///
/// # Errors
/// Outside of the demonstration; the provider's staff, who have a page of all.
#[server(endpoint = "own_mail_list")]
pub async fn own_mail_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use self::server::Owner;
    use crate::{
        listing::{Cell, Column, ListRow},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let outbox = ask.store().outbox();
    let page = match server::owner(&ask)? {
        Owner::Account(account) => outbox.of_account(account, &args.query(())).await,
        Owner::Customer(tenant) => outbox.of_customer(tenant, &args.query(())).await,
    };
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

    use self::server::Owner;
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let outbox = ask.store().outbox();
    let mail = match server::owner(&ask)? {
        Owner::Account(account) => outbox.one_of_account(account, id).await,
        Owner::Customer(tenant) => outbox.one_of_customer(tenant, id).await,
    };
    let mail = mail.map_err(|error| ask.tell(WHAT, error))?;
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
    use tandem_domain::{
        access::{Field, Tenant, Who},
        ids::AccountId,
    };

    use crate::{
        error::AppError,
        pages::self_care::own::{own_account, own_company},
        server::ask::Ask,
    };

    /// Whose mailbox it is.
    pub(super) enum Owner {
        /// An account's.
        Account(AccountId),
        /// A customer's own.
        Customer(Tenant),
    }

    /// Whose mailbox it is.
    ///
    /// # Errors
    /// Outside of the demonstration there is none; a role that shows nothing of what e-mails are about.
    pub(super) fn owner(ask: &Ask) -> Result<Owner, AppError> {
        let owner = match ask.me.who {
            Who::Customer(_) => {
                ask.see(Field::Invoices)?;
                Owner::Customer(own_company(ask)?)
            }
            Who::Account { .. } | Who::Administrator(_) => {
                let (_, account, _) = own_account(ask)?;
                ask.see(Field::RecordByEmail)?;
                Owner::Account(account)
            }
        };
        if ask.services().demo { Ok(owner) } else { Err(AppError::NotFound("page".into())) }
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
            empty=("No e-mails yet", "New recordings, receipts and news of automatic payments arrive here.")
            search_in="subject"
            seen_by=&[Field::RecordByEmail, Field::Invoices]
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
