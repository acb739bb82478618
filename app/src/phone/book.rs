//! Whom can this phone call? What the server knows of it, and how the phone keeps it at hand.

use leptos::{prelude::*, server_fn::ServerFn as _, task::spawn_local};
use tandem_domain::phone::book::PhoneBook;

use super::Phone;
use crate::{error::AppError, reading::from_json, ui::submit};

/// The people of one's company and one's own calls that are over: of both those that match the words, or the first. Each of the
/// two is there if the role shows it.
///
/// # Errors
/// For people who have no phone, or whose role shows neither.
#[server(endpoint = "phone_book_read")]
pub async fn phone_book_read(
    /// What was typed; empty: anybody.
    #[server(default)]
    words: String,
) -> Result<PhoneBook, AppError> {
    use tandem_domain::phone::LONGEST_NUMBER;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let words: String = words.chars().take(LONGEST_NUMBER).collect();
    let (contacts, complete) = server::contacts(&ask, &words).await?;
    Ok(PhoneBook { contacts, complete, calls: server::calls(&ask, words).await? })
}

impl Phone {
    /// Looks anew whom it can call, and who called. What is known stays where the server does not answer.
    pub(super) fn read_book(self) {
        spawn_local(async move {
            if let Some(book) = ask("").await {
                self.book.try_set(book);
            }
        });
    }

    /// Asks for people besides those whom the phone knows.
    pub(super) fn learn(self, words: String) {
        spawn_local(async move {
            if let Some(found) = ask(&words).await {
                self.book.try_update(|book| book.learn(found.contacts));
            }
        });
    }

    /// Looks for calls that were.
    pub(super) fn find_calls(self, words: String) {
        spawn_local(async move {
            if let Some(found) = ask(&words).await {
                self.found_calls.try_set((words, found.calls));
            }
        });
    }
}

async fn ask(words: &str) -> Option<PhoneBook> {
    let body = serde_qs::to_string(&PhoneBookRead { words: words.to_owned() }).ok()?;
    let text = submit::ask(PhoneBookRead::PATH, &body).await.ok()?;
    from_json(&text).ok()
}

#[cfg(feature = "ssr")]
mod server {
    use tandem_domain::{
        access::{Field, Scope, Who as Whose},
        calls::Xdr,
        ids::AccountId,
        list::Query,
        phone::{
            Who,
            book::{CONTACTS_MAX, PastCall, Way},
        },
    };
    use tandem_store::xdrs::XdrFilters;

    use crate::{
        error::AppError,
        parts::calls::words,
        server::{ask::Ask, format},
    };

    /// Whose phone it is.
    fn account(ask: &Ask) -> Result<AccountId, AppError> {
        match ask.me.who {
            Whose::Account { account, .. } => Ok(account),
            Whose::Administrator(_) | Whose::Customer(_) => {
                Err(AppError::Forbidden("a phone: only accounts have one".into()))
            }
        }
    }

    /// Colleagues, and whether these are all; none where the role hides their names.
    ///
    /// # Errors
    /// For people who have no phone, or whose role shows neither them nor calls.
    pub(super) async fn contacts(ask: &Ask, typed: &str) -> Result<(Vec<Who>, bool), AppError> {
        let own = account(ask)?;
        if !ask.me.sees(Field::AccountProfile) {
            // Without any of it, it is no book.
            ask.see(Field::CallHistory)?;
            return Ok((Vec::new(), true));
        }
        let found = ask.store().accounts().choices(ask.own_tenant()?, typed, CONTACTS_MAX + 1).await;
        let mut found = found.map_err(|error| ask.tell("extension", error))?;
        let complete = u32::try_from(found.len()).is_ok_and(|count| count <= CONTACTS_MAX);
        found.truncate(CONTACTS_MAX as usize);
        found.retain(|choice| choice.id != own);
        let contacts = found.into_iter().map(|one| Who { number: one.extension.to_string(), name: one.name });
        Ok((contacts.collect(), complete))
    }

    /// One's own calls, the newest first; none where the role hides them.
    ///
    /// # Errors
    /// For people who have no phone.
    pub(super) async fn calls(ask: &Ask, typed: String) -> Result<Vec<PastCall>, AppError> {
        let own = account(ask)?;
        if !ask.me.sees(Field::CallHistory) {
            return Ok(Vec::new());
        }
        let (scope, query) = (Scope::of(ask.own_tenant()?), Query { search: typed, ..Query::default() });
        let filters = XdrFilters {
            account: Some(own),
            accounts_unnamed: !ask.me.sees(Field::AccountProfile),
            ..XdrFilters::default()
        };
        let page = ask.store().xdrs().list(scope, &query, &filters).await.map_err(|error| ask.tell("call", error))?;
        Ok(page.rows.into_iter().map(|row| past(ask, own, &row.xdr)).collect())
    }

    fn past(ask: &Ask, own: AccountId, xdr: &Xdr) -> PastCall {
        let outgoing = xdr.caller.account == Some(own);
        let way = match (outgoing, xdr.answered) {
            (true, _) => Way::Outgoing,
            (false, Some(_)) => Way::Incoming,
            (false, None) => Way::Missed,
        };
        let with = if outgoing {
            // What was dialled calls them again: a huntgroup, not who answered for it.
            let callee = words::name_of(&ask.me, &xdr.callee);
            let name = if xdr.huntgroup.is_empty() { callee } else { &xdr.huntgroup };
            Who { number: xdr.dialled.clone(), name: name.to_owned() }
        } else {
            Who { number: xdr.caller.number.clone(), name: words::name_of(&ask.me, &xdr.caller).to_owned() }
        };
        let when = format::time(xdr.started, ask.me.locale, &ask.me.time_zone);
        let talked = xdr.answered.map(|_| words::talked(xdr)).unwrap_or_default();
        PastCall { call: xdr.call, with, way, when, talked }
    }
}
