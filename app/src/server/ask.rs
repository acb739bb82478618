//! Who is asking, and may they: what every server function begins with.
//!
//! ```ignore
//! let ask = Ask::now()?;                       // 401 when nobody is signed in
//! let tenant = ask.tenant(customer)?;          // 404 for somebody else's customer
//! ask.modify(Field::Huntgroups)?;              // 403 without the permission
//! ask.store().huntgroups(tenant).create(&group, &ask.change()).await.map_err(|e| ask.tell("huntgroup", e))?;
//! Ok(Done::say("Huntgroup added"))
//! ```

use std::net::IpAddr;

use leptos::prelude::{expect_context, use_context};
use tandem_domain::{
    access::{Field, Level, Principal, Scope, Tenant},
    ids::{CustomerId, Timestamp},
};
use tandem_store::{Change, Store, StoreError, audit::PROVIDER};

use super::{ClientAddr, Me, Reference, Services, format};
use crate::{
    error::{AppError, StaleEdit},
    parts::audit_sight::shows,
};

/// A request by somebody who is signed in.
pub struct Ask {
    /// Who.
    pub me: Principal,
    services: Services,
    address: Option<IpAddr>,
    at: Timestamp,
}

impl Ask {
    /// The request being answered.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] when nobody is signed in.
    pub fn now() -> Result<Self, AppError> {
        let request = use_context::<http::request::Parts>().ok_or(AppError::SignedOut)?;
        Self::of(expect_context::<Services>(), &request.extensions)
    }

    /// A request with these extensions, for what is no page and no server function.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] when nobody is signed in.
    pub fn of(services: Services, request: &http::Extensions) -> Result<Self, AppError> {
        let me = request.get::<Me>().and_then(|me| me.0.clone()).ok_or(AppError::SignedOut)?;
        let at = services.clock.now();
        let address = request.get::<ClientAddr>().map(|address| address.0);
        Ok(Self { me, services, address, at })
    }

    /// The records.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.services.store
    }

    /// The services, for what is not a record.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The moment of the request.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Who changes something, when, from where: for the audit log.
    #[must_use]
    pub fn change(&self) -> Change<'_> {
        let by_staff = self.me.own_customer().is_none();
        Change { at: self.at, actor: &self.me.sign_in, by_staff, address: self.address }
    }

    /// A customer's data, if this person may work on it.
    ///
    /// # Errors
    /// [`AppError::NotFound`] if not: that it exists is nobody else's business.
    pub fn tenant(&self, customer: CustomerId) -> Result<Tenant, AppError> {
        self.me.tenant(customer).ok_or_else(|| AppError::NotFound("customer".into()))
    }

    /// The data of this person's own customer.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for the provider's staff, who have none.
    pub fn own_tenant(&self) -> Result<Tenant, AppError> {
        self.me.own_tenant().ok_or_else(|| AppError::NotFound("customer of your own".into()))
    }

    /// Whose rows this person's lists show.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for accounts, which have no lists of records.
    pub fn scope(&self) -> Result<Scope, AppError> {
        self.me.scope().ok_or_else(|| AppError::Forbidden("lists of records".into()))
    }

    /// Goes on only if this person sees the field.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], naming the field.
    pub fn see(&self, field: Field) -> Result<(), AppError> {
        self.need(field, Level::View)
    }

    /// Goes on only if this person may change the field.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], naming the field.
    pub fn modify(&self, field: Field) -> Result<(), AppError> {
        self.need(field, Level::Modify)
    }

    fn need(&self, field: Field, level: Level) -> Result<(), AppError> {
        if self.me.level(field) >= level { Ok(()) } else { Err(AppError::forbidden(field)) }
    }

    /// The value of a form's field to keep: what was typed, or what is stored when the form did not send the field (a
    /// control that was shown disabled).
    ///
    /// # Errors
    /// [`AppError::Forbidden`] when a change was sent for a field that this person may not change.
    pub fn merge(&self, field: Field, typed: Option<String>, stored: &str) -> Result<String, AppError> {
        match typed {
            None => Ok(stored.to_owned()),
            Some(typed) if typed.trim() == stored => Ok(stored.to_owned()),
            Some(typed) => self.modify(field).map(|()| typed),
        }
    }

    /// A moment as this person reads it.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        format::time(at, self.me.locale, &self.me.time_zone)
    }

    /// A moment as this person reads it, to the second.
    #[must_use]
    pub fn time_with_seconds(&self, at: Timestamp) -> String {
        format::time_with_seconds(at, self.me.locale, &self.me.time_zone)
    }

    /// Who did something, as this person may know it: only the provider's staff know each other by name.
    #[must_use]
    pub fn name_of(&self, name: String, by_staff: bool) -> String {
        name_for(&self.me, name, by_staff)
    }

    /// A store's refusal in words for this person; `what` names the kind of record.
    #[must_use]
    pub fn tell(&self, what: &str, error: StoreError) -> AppError {
        match error {
            StoreError::NotFound => AppError::NotFound(what.into()),
            StoreError::Stale(stale) => {
                let mut changes = stale.changes;
                let subject = stale.subject;
                changes.retain(|change| subject.is_some_and(|subject| shows(&self.me, subject, &change.field)));
                let (by, at) = (self.name_of(stale.by, stale.by_staff), self.time(stale.at));
                AppError::Stale(StaleEdit { version: stale.version, by, at, changes })
            }
            StoreError::Taken(errors) | StoreError::Refused(errors) => AppError::Invalid(errors),
            StoreError::InUse(text) => AppError::Refused(text),
            fault @ (StoreError::Database(_)
            | StoreError::Migration(_)
            | StoreError::Url
            | StoreError::Corrupt { .. }) => internal(&fault),
        }
    }
}

/// As [`Ask::name_of`], for whoever reads what did not come by a server function.
#[must_use]
pub fn name_for(reader: &Principal, name: String, by_staff: bool) -> String {
    if by_staff && reader.own_customer().is_some() { PROVIDER.to_owned() } else { name }
}

/// A fault on our side: logged under the request's reference, told without its cause.
#[must_use]
pub fn internal(error: &dyn std::error::Error) -> AppError {
    let reference = use_context::<http::request::Parts>().and_then(|request| Reference::of(&request.extensions));
    fault(error, reference)
}

/// As [`internal`], where the request is at hand and not in Leptos's context.
#[must_use]
pub fn fault(error: &dyn std::error::Error, reference: Option<Reference>) -> AppError {
    let Reference(reference) = reference.unwrap_or_else(Reference::unknown);
    tracing::error!(%error, source = ?error.source(), reference, "a request failed");
    AppError::Internal { reference }
}
