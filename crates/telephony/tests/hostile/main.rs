//! What the exchange does with those who mean it no good, and with those who do not know better: malformed messages, floods,
//! intruders into media, and calls that end in every way that calls can end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod leaks;
mod phone;
mod simulation;
