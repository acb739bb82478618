//! Checking a password: throttled per name and per address, and as slow for a name that nobody has as for one that exists.

use std::net::IpAddr;

use tandem_domain::{
    access::Principal,
    audit::{FieldChange, Subject},
    error::FieldErrors,
    ids::CustomerId,
    sign_in::{FREE_ATTEMPTS_PER_ADDRESS, FREE_ATTEMPTS_PER_NAME, SignInName},
};
use tandem_store::{Change, password, sign_ins::Wait};

use super::{Services, ask::internal, auth::SignedIn};
use crate::error::AppError;

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
    let by_name = format!("name:{}", name.trim().to_ascii_lowercase().chars().take(64).collect::<String>());
    let by_address = address.map(|address| format!("address:{}", throttled_network(address)));
    let sign_ins = services.store.sign_ins();

    // The attempt is counted before the password is looked at: many at once cannot all slip through.
    let mut counted = vec![(by_name, FREE_ATTEMPTS_PER_NAME)];
    counted.extend(by_address.map(|key| (key, FREE_ATTEMPTS_PER_ADDRESS)));
    let attempts: Vec<(&str, u32)> = counted.iter().map(|(key, free)| (key.as_str(), *free)).collect();
    let wait = sign_ins.attempt(&attempts, services.clock.now()).await.map_err(|error| internal(&error))?;
    if let Some(wait) = wait {
        metrics::counter!("tandem_sign_ins_total", "outcome" => "throttled").increment(1);
        return Err(throttled(services, wait, name, None, address).await);
    }

    let signed_in = verify(services, name, password).await?;
    match signed_in {
        Some(signed_in) => {
            sign_ins.succeeded(&attempts).await.map_err(|error| internal(&error))?;
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

/// Whether somebody's password is this one; for the change of a password.
///
/// # Errors
/// Only faults on our side.
pub async fn verify(services: &Services, name: &str, password: &str) -> Result<Option<SignedIn>, AppError> {
    let found = match name.parse::<SignInName>() {
        Ok(name) => services.store.sign_ins().find(&name).await.map_err(|error| internal(&error))?,
        Err(_) => None,
    };
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

/// Runs a hash on a thread of its own, a bounded number at once.
async fn hashing<T: Send + 'static>(
    services: &Services,
    password: String,
    work: impl FnOnce(String) -> T + Send + 'static,
) -> Result<T, AppError> {
    let permit = services.hashing.clone().acquire_owned().await.map_err(|error| internal(&error))?;
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work(password)
    })
    .await
    .map_err(|error| internal(&error))
}

/// What shares one throttle: an IPv4 address, or an IPv6 network of one subscriber (/64, RFC 6177 §2).
fn throttled_network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// What somebody is answered who must wait. The audit log is told of each wait once: a flood must not fill it.
pub async fn throttled(
    services: &Services,
    wait: Wait,
    name: &str,
    customer: Option<CustomerId>,
    address: Option<IpAddr>,
) -> AppError {
    if wait.is_first {
        write(services, name, customer, address, "throttled").await;
    }
    AppError::Wait { seconds: wait.seconds }
}

/// Tells the audit log that somebody signed out.
pub async fn note_signed_out(services: &Services, me: &Principal, address: Option<IpAddr>) {
    write(services, &me.sign_in, me.own_customer(), address, "signed out").await;
}

/// Tells the audit log what became of the sign-in of this name, as it was typed.
async fn write(services: &Services, name: &str, customer: Option<CustomerId>, address: Option<IpAddr>, action: &str) {
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(64).collect();
    let name = name.as_str();
    let change = Change { at: services.clock.now(), actor: name, by_staff: false, address };
    let none = FieldChange { field: String::new(), old: String::new(), new: String::new() };
    let noted = services.store.audit().note(&change, customer, Subject::SignIn, name, name, action, none).await;
    if let Err(error) = noted {
        tracing::error!(%error, "a sign-in could not be written into the audit log");
    }
}
