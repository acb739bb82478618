//! The outbox: e-mails on their way to the mail server, each sent once.
//!
//! Whoever has something to tell writes an e-mail into the outbox, in the transaction that causes it, and wakes the
//! [`Mailer`]. It claims one e-mail at a time, sends it, and notes what became of it: sent; to be tried again later, for the
//! server was not there or said "not now"; or refused for good. A sender that dies leaves its claim behind, which ends by
//! itself. So an e-mail is never lost, and is sent twice only if the server's answer to the first time was lost: then both
//! have one Message-ID, by which mail programs know a repetition.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`letter`] | what does an e-mail say? |
//! | [`message`] | what does it look like on the wire? |
//! | [`transport`] | which mail server, and how is it reached? |
//! | `smtp` | did it take the e-mail, and if not, is it worth another try? |
//! | [`worker`] | which e-mail is next, and what is noted afterwards? |
//! | [`outbox`] | what is needed of the database, and of whoever has the attachments? |

pub mod letter;
pub mod message;
pub mod outbox;
mod smtp;
pub mod transport;
pub mod worker;

pub use letter::Letters;
pub use lettre::message::Mailbox;
pub use outbox::{Attachment, Attachments, Clock, Outbox, OutboxError};
pub use transport::{Transport, TransportError};
pub use worker::{Mailer, Parts, Running};
