//! What a phone hears, and waits for what it is to hear.

use std::{thread, time::Duration};

use super::{Baresip, Mark, Recording, Vain};
use crate::{PATIENCE, PhoneError, tones};

/// The line of a phone's configuration by which it tells of the packets of each call that ends.
pub const SUMMARY: &str = "module rtcpsummary.so";

/// Silence is a time this long without the tone: longer than a loaded machine lets packets wait.
const QUIET: Duration = Duration::from_millis(500);

impl Baresip {
    /// All that it has decoded so far, of all calls, in order; also of a call that goes on.
    #[must_use]
    pub fn heard(&self) -> Vec<Recording> {
        self.ear.heard()
    }

    /// This moment, for [`Baresip::heard_since`].
    ///
    /// What was on its way is behind the mark: baresip keeps packets back for about 100 ms.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.ear.mark()
    }

    /// What it has decoded since the mark.
    #[must_use]
    pub fn heard_since(&self, mark: &Mark) -> Vec<Recording> {
        self.ear.since(mark)
    }

    /// What it decodes in this time from now on; nothing if nothing arrives.
    #[must_use]
    pub fn listen(&self, length: Duration) -> Vec<Recording> {
        let mark = self.mark();
        thread::sleep(length);
        self.heard_since(&mark)
    }

    /// Waits until it has decoded so much since the mark, and gives that.
    ///
    /// # Errors
    ///
    /// When less arrives.
    pub fn wait_for_sound(&self, mark: &Mark, length: Duration) -> Result<Vec<Recording>, PhoneError> {
        let enough = || {
            let heard = self.heard_since(mark);
            (heard.iter().map(Recording::length).sum::<Duration>() >= length).then_some(heard)
        };
        self.wait_until(PATIENCE, enough)?.ok_or_else(|| self.unheard(mark, &format!("{length:?} of sound")))
    }

    /// Waits until it hears this tone, from now on.
    ///
    /// # Errors
    ///
    /// When it does not: the text says what it heard instead.
    pub fn wait_until_hears(&self, hz: f64) -> Result<(), PhoneError> {
        let mark = self.mark();
        let heard = || hears(&self.heard_since(&mark), hz).then_some(());
        self.wait_until(PATIENCE, heard)?.ok_or_else(|| self.unheard(&mark, &format!("a tone of {hz} Hz")))
    }

    /// Waits until it does not hear this tone for half a second, from now on: nothing, or something else.
    ///
    /// # Errors
    ///
    /// When the tone goes on.
    pub fn wait_until_silent(&self, hz: f64) -> Result<(), PhoneError> {
        let quiet = || (!hears(&self.listen(QUIET), hz)).then_some(());
        let mark = self.mark();
        self.wait_until(PATIENCE, quiet)?.ok_or_else(|| self.unheard(&mark, &format!("silence at {hz} Hz")))
    }

    /// How many packets came in the call that ended last, and how many were lost on the way, by their numbers (RFC 3550 §6.4.1).
    /// For phones that are [configured](crate::Account::configured) with [`SUMMARY`].
    ///
    /// # Errors
    ///
    /// When no call has ended, or nothing came in it.
    pub fn wait_for_packets(&self) -> Result<(u32, i32), PhoneError> {
        let told = || self.log().lines().rev().find_map(packets);
        self.wait_until(PATIENCE, told)?.ok_or_else(|| self.vain(Vain::Late, "the packets of a call"))
    }

    fn unheard(&self, mark: &Mark, what: &str) -> PhoneError {
        let said: Vec<String> = self.heard_since(mark).iter().map(describe).collect();
        let seen =
            if said.is_empty() { "It heard nothing.".into() } else { format!("It heard {}.", said.join(", then ")) };
        match self.vain(Vain::Late, what) {
            PhoneError::TimedOut { who, what, seen: events, log } => {
                PhoneError::TimedOut { who, what, seen: format!("{seen} {events}"), log }
            }
            other => other,
        }
    }
}

/// Reads a line of [`SUMMARY`]: `EX=BareSip;CS=0;CD=12;PR=600;PS=601;PL=0,0;…`.
fn packets(line: &str) -> Option<(u32, i32)> {
    let (_, summary) = line.split_once("EX=BareSip;")?;
    let field = |name: &str| summary.split(';').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let (lost, _) = field("PL")?.split_once(',')?;
    Some((field("PR")?.parse().ok()?, lost.parse().ok()?))
}

fn hears(recordings: &[Recording], hz: f64) -> bool {
    recordings.iter().any(|recording| tones::hears(&recording.pcm, recording.rate, hz))
}

fn describe(recording: &Recording) -> String {
    let length = recording.length().as_secs_f64();
    match tones::strongest(&recording.pcm, recording.rate) {
        Some((hz, level)) => format!("{length:.2} s with mostly {hz} Hz at {level:.0} dBFS"),
        None => format!("{length:.2} s of silence"),
    }
}

#[cfg(test)]
mod tests {
    use super::packets;

    #[test]
    fn the_packets_of_a_call_are_read() {
        let line =
            "EX=BareSip;CS=0;CD=12;PR=600;PS=601;PL=3,0;PD=0,0;JI=1.0,0.5;DL=0.1;IP=127.0.0.1:4000,127.0.0.1:5000;";
        assert_eq!(packets(line), Some((600, 3)));
        assert_eq!(packets("EX=BareSip;ERROR=No RTCP stats collected;"), None);
    }
}
