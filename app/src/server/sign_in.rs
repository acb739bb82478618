//! Checking a password: throttled ([`tandem_store::attempts`]), and as slow for a name that nobody has as for one that exists.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tandem_domain::{
    access::Principal,
    audit::{FieldChange, Subject},
    error::FieldErrors,
    ids::CustomerId,
    sign_in::{PASSWORD_MAX, SignInName},
};
use tandem_store::{
    Change,
    attempts::{Attempt, Wait},
    password,
    sign_ins::SignIn,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{Services, ask::internal, auth::SignedIn};
use crate::error::AppError;

/// Who tried to sign in, when nobody has the name.
const UNKNOWN: &str = "(unknown)";

/// Signs somebody in who knows a name and its password.
///
/// # Errors
/// [`AppError::Invalid`] with one text for every kind of wrong (unknown name, wrong password, closed account), so that
/// nobody learns which names exist; [`AppError::Wait`] when throttled.
pub async fn check(
    services: &Services,
    name: &str,
    password: &str,
    address: Option<IpAddr>,
) -> Result<SignedIn, AppError> {
    let whose = Whose { name, customer: None, address };
    let signed_in = match attempt(services, &Attempt::to_sign_in(name, address), whose, password).await {
        Ok(signed_in) => signed_in,
        Err(error) => {
            if let AppError::Wait { .. } = error {
                metrics::counter!("tandem_sign_ins_total", "outcome" => "throttled").increment(1);
            }
            return Err(error);
        }
    };
    match signed_in {
        Some(signed_in) => {
            metrics::counter!("tandem_sign_ins_total", "outcome" => "succeeded").increment(1);
            let me = &signed_in.me;
            write(services, &me.sign_in, me.own_customer(), address, "signed in").await;
            Ok(signed_in)
        }
        None => {
            metrics::counter!("tandem_sign_ins_total", "outcome" => "refused").increment(1);
            write(services, name, None, address, "refused").await;
            Err(FieldErrors::one("password", "Name or password is wrong. Check both and try again.").into())
        }
    }
}

/// Whose password is tried.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The sign-in name, as it was typed.
    pub name: &'a str,
    /// Whose data the person is known to belong to.
    pub customer: Option<CustomerId>,
    /// From where.
    pub address: Option<IpAddr>,
}

/// Whether somebody's password is this one, unless too many attempts were wrong before.
///
/// # Errors
/// [`AppError::Wait`]; faults on our side.
pub async fn attempt(
    services: &Services,
    attempt: &Attempt,
    whose: Whose<'_>,
    password: &str,
) -> Result<Option<SignedIn>, AppError> {
    let sign_ins = services.store.sign_ins();
    // Counted before the password is looked at: many at once cannot all slip through.
    let wait = sign_ins.attempt(attempt, services.clock.now()).await.map_err(|error| internal(&error))?;
    if let Some(wait) = wait {
        return Err(throttled(services, wait, whose).await);
    }
    let verified = verify(services, whose.name, password).await;
    match &verified {
        Ok(Some(_)) => sign_ins.succeeded(attempt).await,
        Ok(None) => Ok(()),
        // Nobody looked at the password.
        Err(_) => sign_ins.take_back(attempt).await,
    }
    .map_err(|error| internal(&error))?;
    verified
}

async fn verify(services: &Services, name: &str, password: &str) -> Result<Option<SignedIn>, AppError> {
    let found = find(services, name).await?;
    // Nobody has a password this long; hashing megabytes would be work for nothing.
    let is_too_long = password.chars().count() > PASSWORD_MAX;
    let (password, found) = if is_too_long { ("", None) } else { (password, found) };
    let hash = found.as_ref().map(|record| record.password_hash.clone());
    let right = hashing(services, password.to_owned(), move |password| match hash {
        Some(hash) => password::verify(&password, &hash),
        None => password::verify_dummy(&password),
    })
    .await?;
    let Some(record) = found.filter(|_| right) else { return Ok(None) };
    let loaded = services.store.sign_ins().principal(record.who).await.map_err(|error| internal(&error))?;
    Ok(loaded.map(|(me, stamp)| SignedIn { me, stamp }))
}

/// The hash of a new password (Argon2id).
///
/// # Errors
/// Only faults on our side.
pub async fn hash(services: &Services, password: String) -> Result<String, AppError> {
    hashing(services, password, |password| password::hash(&password)).await?.map_err(|error| internal(&error))
}

/// How long a password waits for its turn to be hashed. Behind so many that it takes longer, nobody waits any more.
const HASHING_WAIT: Duration = Duration::from_secs(10);

/// Runs a hash on a thread of its own, a bounded number at once.
async fn hashing<T: Send + 'static>(
    services: &Services,
    password: String,
    work: impl FnOnce(String) -> T + Send + 'static,
) -> Result<T, AppError> {
    let permit = turn(services.hashing.clone(), HASHING_WAIT).await?;
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work(password)
    })
    .await
    .map_err(|error| internal(&error))
}

/// Waits for a turn, but not longer than this.
async fn turn(turns: Arc<Semaphore>, limit: Duration) -> Result<OwnedSemaphorePermit, AppError> {
    let busy = |_| AppError::Wait { seconds: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX) };
    timeout(limit, turns.acquire_owned()).await.map_err(busy)?.map_err(|error| internal(&error))
}

/// The sign-in of this name, which may be any text.
async fn find(services: &Services, name: &str) -> Result<Option<SignIn>, AppError> {
    match name.parse::<SignInName>() {
        Ok(name) => services.store.sign_ins().find(&name).await.map_err(|error| internal(&error)),
        Err(_) => Ok(None),
    }
}

/// The name as the audit log may keep it, for many a password is typed into the field for the name; and whose it is, who is
/// to learn that somebody guesses at their people.
async fn name_to_keep(services: &Services, name: &str) -> (String, Option<CustomerId>) {
    match find(services, name).await {
        Ok(Some(found)) => (found.name.to_string(), found.who.customer()),
        Ok(None) | Err(_) => (UNKNOWN.to_owned(), None),
    }
}

/// What somebody is answered who must wait. The audit log is told of each wait once: a flood must not fill it.
async fn throttled(services: &Services, wait: Wait, whose: Whose<'_>) -> AppError {
    if wait.is_first {
        write(services, whose.name, whose.customer, whose.address, "throttled").await;
    }
    AppError::Wait { seconds: wait.seconds }
}

/// Tells the audit log that somebody who is signed in, or sits at the session of another, did not know the current password.
pub async fn note_wrong_password(services: &Services, whose: Whose<'_>) {
    write(services, whose.name, whose.customer, whose.address, "current password refused").await;
}

/// Tells the audit log that somebody signed out.
pub async fn note_signed_out(services: &Services, me: &Principal, address: Option<IpAddr>) {
    write(services, &me.sign_in, me.own_customer(), address, "signed out").await;
}

/// Tells the audit log what became of the sign-in of this name, as it was typed.
async fn write(services: &Services, name: &str, customer: Option<CustomerId>, address: Option<IpAddr>, action: &str) {
    let (name, whose) = name_to_keep(services, name).await;
    let (name, customer) = (name.as_str(), customer.or(whose));
    let change = Change { at: services.clock.now(), actor: name, by_staff: false, address };
    let none = FieldChange { field: String::new(), old: String::new(), new: String::new() };
    let noted = services.store.audit().note(&change, customer, Subject::SignIn, name, name, action, none).await;
    if let Err(error) = noted {
        tracing::error!(%error, "a sign-in could not be written into the audit log");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_ever_for_a_turn() {
        let turns = Arc::new(Semaphore::new(1));
        let limit = Duration::from_millis(1);
        let first = turn(turns.clone(), limit).await.unwrap();
        assert_eq!(turn(turns.clone(), limit).await.unwrap_err(), AppError::Wait { seconds: 0 });
        drop(first);
        assert!(turn(turns, limit).await.is_ok());
    }
}
