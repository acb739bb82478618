//! Did the mail server take the e-mail, and if not, is it worth another try? (RFC 5321)

use std::{fmt, time::Duration};

use lettre::transport::smtp::{
    authentication::Mechanism,
    client::AsyncSmtpConnection,
    response::{Category, Detail, Severity},
};
use tokio::time::timeout;

use crate::{
    message::Written,
    transport::{Security, Smtp},
};

/// Why the server did not take an e-mail, or did not say that it did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Another time it may: it is not there, it is busy, it does not let us in.
    Temporary(String),
    /// It never will.
    Permanent(String),
    /// It is too large for this server.
    TooLarge(String),
}

/// How long a polite good-bye may take.
const GOOD_BYE: Duration = Duration::from_secs(2);

impl Smtp {
    /// Sends one e-mail over a connection of its own.
    pub(crate) async fn send(&self, message: &Written) -> Result<(), Failure> {
        let temporary = |what: &str, why: &dyn fmt::Display| Failure::Temporary(format!("{what}: {why}"));
        let slow = |what: &str| Failure::Temporary(format!("{what}: no answer in {} s", self.patience.as_secs_f32()));
        let server = format!("{}:{}", self.host, self.port);
        let mut connection = timeout(self.patience, self.connect())
            .await
            .map_err(|_| slow(&server))?
            .map_err(|error| temporary(&server, &error))?;
        let sent = match timeout(self.patience, connection.send(&message.envelope, &message.octets)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(judge(&error)),
            // Nobody knows whether it was taken: it is sent again, under the same Message-ID.
            Err(_) => Err(slow(&server)),
        };
        // What is sent is sent, whatever the server says now.
        let _ = timeout(GOOD_BYE, connection.abort()).await;
        sent
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let words = |error: lettre::transport::smtp::Error| words(&error);
        let wrapped = match &self.security {
            Security::Wrapped(tls) => Some(tls.clone()),
            Security::Required(_) | Security::Opportunistic(_) | Security::Open => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(self.patience), &self.hello, wrapped, None)
                .await
                .map_err(words)?;
        match &self.security {
            Security::Required(tls) => {
                if !connection.can_starttls() {
                    connection.abort().await;
                    return Err(
                        "the server offers no STARTTLS; if that is as it should be, say tls=none in mail.smtp".into()
                    );
                }
                connection.starttls(tls.clone(), &self.hello).await.map_err(words)?;
            }
            Security::Opportunistic(tls) if connection.can_starttls() => {
                connection.starttls(tls.clone(), &self.hello).await.map_err(words)?;
            }
            Security::Opportunistic(_) if self.credentials.is_some() => {
                connection.abort().await;
                return Err("the server offers no STARTTLS, and the password is not sent in the clear".into());
            }
            Security::Opportunistic(_) | Security::Wrapped(_) | Security::Open => {}
        }
        if let Some(credentials) = &self.credentials {
            let signed_in = connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await;
            if let Err(error) = signed_in {
                connection.abort().await;
                return Err(format!("the server does not let us sign in: {}", words(error)));
            }
        }
        Ok(connection)
    }
}

/// What an answer to MAIL, RCPT or DATA means.
fn judge(error: &lettre::transport::smtp::Error) -> Failure {
    let text = words(error);
    let Some(code) = error.status() else {
        // What we ourselves refuse to send, such as an address that this server cannot take, is refused next time as well.
        return if error.is_client() { Failure::Permanent(text) } else { Failure::Temporary(text) };
    };
    let digits = (code.severity, code.category, code.detail);
    match digits {
        // 552 "exceeded storage allocation" is said of too large messages (RFC 1870 §6.1).
        (Severity::PermanentNegativeCompletion, Category::MailSystem, Detail::Two) => Failure::TooLarge(text),
        // 530, 534, 535, 538: it wants us to sign in. Somebody corrects the settings, and it is as good as before.
        (Severity::PermanentNegativeCompletion, Category::Unspecified3, _) => Failure::Temporary(text),
        (Severity::PermanentNegativeCompletion, ..) => Failure::Permanent(text),
        _ => Failure::Temporary(text),
    }
}

/// An error with what caused it, in one line of bounded length.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect()
}
