//! The sender: claims the e-mail whose time has come, sends it, notes what became of it. One at a time.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use lettre::message::Mailbox;
use tandem_domain::ids::Timestamp;
use tandem_store::outbox::Mail;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::sleep,
};

use crate::{
    message::{self, Written},
    outbox::{Attachment, Attachments, Clock, Outbox, OutboxError},
    smtp::Failure,
    transport::{NOT_CONFIGURED, Transport},
};

/// How often the outbox is looked at though nobody said that there is something: another server may have put it there.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How long after the database failed it is asked again.
const DATABASE_AGAIN: Duration = Duration::from_secs(2);
/// How much longer than an e-mail may take its claim holds, for the attachment to be read and the result to be noted.
const LEASE_MARGIN: Duration = Duration::from_secs(60);

/// What a sender works with.
pub struct Parts {
    /// The e-mails.
    pub outbox: Arc<dyn Outbox>,
    /// What goes with them.
    pub attachments: Arc<dyn Attachments>,
    /// Where they go.
    pub transport: Transport,
    /// Who sends them.
    pub from: Mailbox,
    /// The most octets of a whole message; a recording that does not fit is linked instead.
    pub size_limit: u64,
    /// The time.
    pub clock: Clock,
}

/// The way to the sender for whoever adds e-mails. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Mailer {
    wake: Arc<Notify>,
}

impl Mailer {
    /// There may be something to send: to be called after a transaction that added an e-mail, or had one tried again.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Starts the sender that listens to [`Mailer::wake`].
    #[must_use]
    pub fn start(&self, parts: Parts) -> Running {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(Sender { parts, wake: self.wake.clone() }.run(stopped));
        Running { stop, task }
    }
}

/// The sender's task.
pub struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Ends after the e-mail in hand. One that takes longer than `grace` is cut off; its claim ends by itself, and it is sent
    /// again, under the same Message-ID.
    pub async fn stop(mut self, grace: Duration) {
        self.stop.send_replace(true);
        if tokio::time::timeout(grace, &mut self.task).await.is_err() {
            tracing::warn!("an e-mail was on its way when the server had to stop; it may come twice");
            self.task.abort();
        }
    }
}

struct Sender {
    parts: Parts,
    wake: Arc<Notify>,
}

impl Sender {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        if matches!(self.parts.transport, Transport::None) {
            tracing::warn!("e-mails wait in the outbox: {NOT_CONFIGURED}");
            return;
        }
        let lease = self.parts.transport.patience() * 2 + LEASE_MARGIN;
        while !*stop.borrow() {
            let wait = match self.parts.outbox.claim((self.parts.clock)(), lease).await {
                Ok(Some(mail)) => {
                    self.deliver(&mail, &mut stop).await;
                    continue;
                }
                Ok(None) => self.until_next().await,
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read");
                    DATABASE_AGAIN
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = self.wake.notified() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// How long until the next e-mail is due, as far as is known.
    async fn until_next(&self) -> Duration {
        match self.parts.outbox.next_due().await {
            Ok(Some(Timestamp(due))) => {
                let wait = due.saturating_sub((self.parts.clock)().0);
                // A little later rather than in a hurry: what is due now was claimed by another a moment ago.
                Duration::from_millis(u64::try_from(wait).unwrap_or_default().max(50)).min(LOOK_AGAIN)
            }
            Ok(None) => LOOK_AGAIN,
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read");
                DATABASE_AGAIN
            }
        }
    }

    async fn deliver(&self, mail: &Mail, stop: &mut watch::Receiver<bool>) {
        // An e-mail at which we fail must not keep the others from being sent.
        let sending = AssertUnwindSafe(self.send(mail)).catch_unwind();
        let outcome = sending.await.unwrap_or_else(|_| Err(("sending it panicked; see the log".to_owned(), false)));
        match &outcome {
            Ok(()) => tracing::info!(mail = %mail.id, "an e-mail was sent"),
            Err((error, permanent)) => {
                tracing::warn!(mail = %mail.id, %error, permanent, "an e-mail was not sent");
            }
        }
        let counted = if outcome.is_ok() { "sent" } else { "failed" };
        metrics::counter!("tandem_mails_total", "outcome" => counted).increment(1);
        // As often as it takes: forgotten, it would be sent again. When the server has to stop it is tried once more.
        loop {
            let stopping = *stop.borrow();
            let Err(error) = self.note(mail, &outcome).await else { return };
            tracing::warn!(mail = %mail.id, %error, "what became of an e-mail cannot be noted yet");
            if stopping {
                return;
            }
            tokio::select! {
                () = sleep(DATABASE_AGAIN) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Writes what became of an e-mail.
    async fn note(&self, mail: &Mail, outcome: &Result<(), (String, bool)>) -> Result<(), OutboxError> {
        let now = (self.parts.clock)();
        match outcome {
            Ok(()) => self.parts.outbox.sent(mail, now).await,
            Err((error, permanent)) => self.parts.outbox.failed(mail, now, error, *permanent).await,
        }
    }

    /// Sends it, or says why not and whether that is for good.
    async fn send(&self, mail: &Mail) -> Result<(), (String, bool)> {
        let smtp = match &self.parts.transport {
            Transport::Smtp(smtp) => smtp,
            Transport::Mailbox => return Ok(()),
            Transport::None => return Err((NOT_CONFIGURED.to_owned(), false)),
        };
        let attachment = self.attachment(mail).await.map_err(|error| (error, false))?;
        let written = self.write(mail, attachment.as_ref())?;
        match smtp.send(&written).await {
            Ok(()) => Ok(()),
            Err(Failure::TooLarge(error)) if written.attached => {
                tracing::info!(mail = %mail.id, %error, "the mail server takes no mail of this size; a link is sent instead");
                let written = self.write(mail, None)?;
                smtp.send(&written).await.map_err(told)
            }
            Err(failure) => Err(told(failure)),
        }
    }

    fn write(&self, mail: &Mail, attachment: Option<&Attachment>) -> Result<Written, (String, bool)> {
        message::write(mail, &self.parts.from, attachment, self.parts.size_limit)
            .map_err(|error| (error.to_string(), true))
    }

    /// The recording's sound, if there is one to send; `None` too if it is gone or too large.
    async fn attachment(&self, mail: &Mail) -> Result<Option<Attachment>, String> {
        let Some(recording) = mail.recording else { return Ok(None) };
        let at_most = message::attachment_max(self.parts.size_limit);
        self.parts
            .attachments
            .recording(recording, at_most)
            .await
            .map_err(|error| format!("the recording cannot be read: {error}"))
    }
}

/// A failure in words, and whether it is for good.
fn told(failure: Failure) -> (String, bool) {
    match failure {
        Failure::Temporary(error) => (error, false),
        Failure::Permanent(error) | Failure::TooLarge(error) => (error, true),
    }
}
