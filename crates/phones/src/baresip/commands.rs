//! What a person does with a phone: dials, accepts, holds, transfers, presses keys.

use std::{fs, thread, time::Duration};

use super::{Baresip, Event, SipMessage};
use crate::{
    PATIENCE, PhoneError, tones,
    wav::{self, Sound},
};

/// What baresip's tone source is fixed to.
const SOURCE_RATE: u32 = 48_000;

impl Baresip {
    /// Sends a command of baresip's menu, and gives its answer: `command("callstat", "")`, `command("help", "")`.
    ///
    /// # Errors
    ///
    /// When baresip says no, or is gone.
    pub fn command(&self, name: &str, parameters: &str) -> Result<String, PhoneError> {
        let answer = self.control.command(name, parameters, PATIENCE);
        match answer.map_err(|vain| self.vain(vain, &format!("the answer to “{name}”")))? {
            (true, answer) => Ok(answer),
            (false, answer) => {
                Err(PhoneError::Refused { command: format!("{name} {parameters}").trim().to_owned(), answer })
            }
        }
    }

    /// Calls: a number at its registrar (`702`, `*43`), or a URI. Forgets the events not waited for.
    ///
    /// # Errors
    ///
    /// When the call cannot even be tried.
    pub fn dial(&self, target: &str) -> Result<(), PhoneError> {
        self.forget_events();
        self.command("dial", target).map(drop)
    }

    /// Accepts the call that comes in, and puts a call it has on hold.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn accept(&self) -> Result<(), PhoneError> {
        self.command("accept", "").map(drop)
    }

    /// Ends the current call, cancels one's own that is not answered, or refuses one that comes in.
    ///
    /// # Errors
    ///
    /// When the phone is gone.
    pub fn hangup(&self) -> Result<(), PhoneError> {
        self.command("hangup", "").map(drop)
    }

    /// Puts the current call on hold, and returns when the other side has agreed.
    ///
    /// # Errors
    ///
    /// When there is no call, or the other side does not agree.
    pub fn hold(&self) -> Result<(), PhoneError> {
        self.offer("hold")
    }

    /// Takes the current call from hold, and returns when the other side has agreed.
    ///
    /// # Errors
    ///
    /// When there is no call, or the other side does not agree.
    pub fn resume(&self) -> Result<(), PhoneError> {
        self.offer("resume")
    }

    /// Offers its media again as they are (re-INVITE), and returns when the other side has agreed.
    ///
    /// # Errors
    ///
    /// When there is no call, or the other side does not agree.
    pub fn reinvite(&self) -> Result<(), PhoneError> {
        self.offer("reinvite")
    }

    fn offer(&self, command: &str) -> Result<(), PhoneError> {
        let before = self.events().len();
        self.command(command, "")?;
        let agreed = |event: &Event| matches!(event, Event::RemoteSdp { offer: false, .. });
        let waited = self.control.wait_after(before, PATIENCE, agreed);
        waited.map_err(|vain| self.vain(vain, &format!("the other side to agree to “{command}”")))
    }

    /// Sends nothing of its tone, or again: silence goes on the way instead.
    ///
    /// # Errors
    ///
    /// When there is no call.
    pub fn mute(&self, mute: bool) -> Result<(), PhoneError> {
        // The command turns it round and tells where it is now.
        if self.command("mute", "")?.contains("un-muted") == mute {
            self.command("mute", "")?;
        }
        Ok(())
    }

    /// Sends the other party of the current call to this number or URI (REFER).
    ///
    /// # Errors
    ///
    /// When there is no call. Whether it is done shows in events and messages: the exchange ends this call.
    pub fn blind_transfer(&self, target: &str) -> Result<(), PhoneError> {
        self.command("transfer", target).map(drop)
    }

    /// Connects the parties of its two calls with each other (REFER with Replaces, RFC 3891): the party of the older
    /// call takes this phone's place in the newer one. Returns when the REFER is accepted.
    ///
    /// Baresip 1.0 has no command for it; this makes the same request of what it can do.
    ///
    /// # Errors
    ///
    /// When there are not two calls that are connected or ring at the other end, or the REFER is refused.
    pub fn attended_transfer(&self) -> Result<(), PhoneError> {
        let mut calls: Vec<String> = Vec::new();
        for event in self.events() {
            match event {
                Event::Established { call, .. } | Event::Ringing(call) if !calls.contains(&call) => calls.push(call),
                Event::Closed { call: closed, .. } => calls.retain(|call| *call != closed),
                _ => {}
            }
        }
        let [.., older, newer] = calls.as_slice() else {
            let answer = "it needs two calls".into();
            return Err(PhoneError::Refused { command: "attended transfer".into(), answer });
        };
        let of_newer = |message: &SipMessage| {
            message.header("Call-ID") == Some(newer.as_str())
                && message.method() == "INVITE"
                && message.status().is_some_and(|status| (180..300).contains(&status))
        };
        let agreed = self.wait_for_message("what the newer call was answered", of_newer)?;
        let (from, to) = (agreed.tag("From").unwrap_or_default(), agreed.tag("To").unwrap_or_default());
        let (own, theirs, peer) = if agreed.sent { (to, from, "From") } else { (from, to, "To") };
        let replaces = format!("{}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{own}", newer.replace('@', "%40"));
        let peer = agreed.header(peer).unwrap_or_default();
        let peer = peer.split_once('<').map_or(peer, |(_, uri)| uri).split(['>', ';']).next().unwrap_or_default();
        self.focus(older)?;
        let before = self.messages().len();
        self.command("transfer", &format!("<{peer}?Replaces={replaces}>"))?;
        let answered = self.wait_until(PATIENCE, || {
            let answer = |message: &SipMessage| {
                (!message.sent && message.method() == "REFER").then(|| message.status()).flatten()
            };
            // 401 and 407 are answered by baresip with the same request again.
            self.messages().iter().skip(before).filter_map(answer).find(|status| ![100, 401, 407].contains(status))
        })?;
        match answered {
            Some(200..300) => Ok(()),
            Some(status) => {
                Err(PhoneError::Refused { command: "attended transfer".into(), answer: format!("status {status}") })
            }
            None => Err(self.vain(super::Vain::Late, "the answer to the REFER")),
        }
    }

    /// Makes the call with this Call-ID the current one.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn focus(&self, call: &str) -> Result<(), PhoneError> {
        let answer = self.command("callfind", call)?;
        if answer.contains("not found") {
            return Err(PhoneError::Refused { command: format!("callfind {call}"), answer });
        }
        Ok(())
    }

    /// Presses these keys: they go as RFC 4733 events, 220 ms each, while this returns at once.
    ///
    /// They are lost if the other side has not agreed to telephone events, as on a real phone: then use
    /// [`Baresip::send_tones`]. Baresip sends no SIP INFO; for that there is the scenario `uac-info-digits.xml`.
    ///
    /// # Errors
    ///
    /// When there is no call.
    pub fn send_digits(&self, digits: &str) -> Result<(), PhoneError> {
        self.command("sndcode", digits).map(drop)
    }

    /// Plays these digits as tones in place of its own tone, 200 ms each, and returns when they are sent.
    ///
    /// # Errors
    ///
    /// When there is no call, or the sound cannot be written.
    pub fn send_tones(&self, digits: &str) -> Result<(), PhoneError> {
        // Silence before and behind: the source changes in the middle of a packet.
        let quiet = vec![0; SOURCE_RATE as usize / 10];
        let sound = [quiet.clone(), tones::dtmf(SOURCE_RATE, digits), quiet].concat();
        self.play(&sound)?;
        self.speak(self.account.tone)
    }

    /// Plays a sound of one channel and 48,000 samples a second in place of its tone; returns when it is over, and
    /// is silent then until [`Baresip::speak`].
    ///
    /// # Errors
    ///
    /// When there is no call, or the sound cannot be written.
    pub fn play(&self, pcm: &[i16]) -> Result<(), PhoneError> {
        let length = Duration::from_secs(pcm.len() as u64) / SOURCE_RATE;
        // Behind the end baresip takes its source away: so there is silence until it is given another.
        let silence = vec![0; SOURCE_RATE as usize * 4];
        let both = pcm.iter().chain(&silence).flat_map(|sample| [*sample, *sample]).collect();
        let path = self.folder.path().join("play.wav");
        let file = wav::write(&Sound { rate: SOURCE_RATE, channels: 2, pcm: both });
        fs::write(&path, file).map_err(PhoneError::io("a sound cannot be written"))?;
        self.command("ausrc", &format!("aufile,{}", path.display()))?;
        thread::sleep(length);
        Ok(())
    }

    /// Speaks with this frequency (Hz) from now on, in this call.
    ///
    /// # Errors
    ///
    /// When the phone is gone.
    pub fn speak(&self, hz: u32) -> Result<(), PhoneError> {
        self.command("ausrc", &format!("ausine,{hz}")).map(drop)
    }

    /// Gives its registration up and ends.
    ///
    /// # Errors
    ///
    /// When it does not end.
    pub fn quit(self) -> Result<(), PhoneError> {
        // It may be gone before it answers.
        let _ = self.control.command("quit", "", PATIENCE);
        match self.leash().wait(PATIENCE) {
            Some(_) => Ok(()),
            None => Err(self.vain(super::Vain::Late, "its own end")),
        }
    }
}
