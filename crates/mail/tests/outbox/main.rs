//! What the sender promises, told as stories, with a real mail server (aiosmtpd) that misbehaves when it is told to.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod dying;
mod sending;
mod sink;
mod world;
