//! Which law of G.711, and where to send sound? Offer and answer of one call (RFC 3264).

use std::net::SocketAddr;

use tandem_sip::sdp::{Attribute, Codec, Direction, Kind, Media, SdpError, Session};

use crate::voices::{Aim, Law};

/// The payload type that we propose for telephone-event (RFC 4733). Nobody here reacts to digits, but a phone that could
/// not be sent any would be a strange one.
const TELEPHONE_EVENT: u8 = 101;

impl Law {
    const fn codec(self) -> (u8, &'static str) {
        match self {
            Self::Mu => (0, "PCMU"),
            Self::A => (8, "PCMA"),
        }
    }

    fn of(codec: &Codec) -> Option<Self> {
        [Self::Mu, Self::A].into_iter().find(|law| codec.is(law.codec().1, 8000))
    }
}

/// Why a description cannot be agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAgreement {
    /// It is no session description: 400.
    Malformed,
    /// There is no G.711 in it: 488.
    NothingInCommon,
}

impl NoAgreement {
    /// The SIP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::NothingInCommon => 488,
        }
    }
}

impl From<SdpError> for NoAgreement {
    fn from(_: SdpError) -> Self {
        Self::Malformed
    }
}

/// What is agreed about one call's sound.
#[derive(Debug)]
pub struct Description {
    local: SocketAddr,
    id: u64,
    version: u64,
    /// What we offer first.
    preferred: Law,
    aim: Option<Aim>,
    agreed: bool,
}

impl Description {
    /// Nothing is agreed; we receive at `local`. `id` names the session in what we write.
    pub const fn new(local: SocketAddr, id: u64, preferred: Law) -> Self {
        Self { local, id, version: 0, preferred, aim: None, agreed: false }
    }

    /// Where to send; nowhere while the other end does not receive.
    pub const fn aim(&self) -> Option<Aim> {
        self.aim
    }

    /// Whether an offer has been answered.
    pub const fn is_agreed(&self) -> bool {
        self.agreed
    }

    /// Both laws.
    pub fn offer(&mut self) -> String {
        let other = if self.preferred == Law::Mu { Law::A } else { Law::Mu };
        let codecs = [self.preferred, other].map(|law| Codec::new(law.codec().0, law.codec().1, 8000));
        let line = self.line(&codecs, Some(TELEPHONE_EVENT), Direction::SendRecv);
        self.write(vec![line])
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    /// See [`NoAgreement`]; what was agreed before holds on.
    pub fn receive_answer(&mut self, body: &[u8]) -> Result<(), NoAgreement> {
        let session = Session::parse(body)?;
        let theirs = Theirs::of(&session)?;
        self.agree(&theirs);
        Ok(())
    }

    /// Takes an offer; gives our answer.
    ///
    /// # Errors
    /// See [`NoAgreement`]; what was agreed before holds on.
    pub fn answer(&mut self, body: &[u8]) -> Result<String, NoAgreement> {
        let session = Session::parse(body)?;
        let theirs = Theirs::of(&session)?;
        self.agree(&theirs);
        let ours = self.line(std::slice::from_ref(&theirs.codec), theirs.telephone_event, theirs.direction.reversed());
        let lines = session.media.iter().enumerate();
        let lines = lines.map(|(place, line)| if place == theirs.place { ours.clone() } else { line.refused() });
        Ok(self.write(lines.collect()))
    }

    fn agree(&mut self, theirs: &Theirs) {
        self.agreed = true;
        let aim = Aim { to: theirs.address, law: theirs.law, payload_type: theirs.codec.payload_type };
        self.aim = theirs.direction.receives().then_some(aim);
    }

    fn line(&self, codecs: &[Codec], telephone_event: Option<u8>, direction: Direction) -> Media {
        let mut line = Media::audio(self.local.port());
        codecs.iter().for_each(|codec| line.push_codec(codec));
        if let Some(payload_type) = telephone_event {
            line.push_codec(&Codec::new(payload_type, "telephone-event", 8000).with_fmtp("0-15"));
        }
        line.attributes.push(Attribute::new("ptime", "20"));
        // What we do not read anyway may come to the same port (RFC 3605), which spares a second one.
        line.attributes.push(Attribute::new("rtcp", self.local.port().to_string()));
        line.set_direction(direction);
        line
    }

    fn write(&mut self, media: Vec<Media>) -> String {
        self.version += 1;
        let mut session = Session::new(self.local.ip(), self.id, self.version);
        session.media = media;
        session.to_string()
    }
}

/// What the other end says of its sound.
struct Theirs {
    place: usize,
    address: SocketAddr,
    law: Law,
    codec: Codec,
    telephone_event: Option<u8>,
    direction: Direction,
}

impl Theirs {
    fn of(session: &Session) -> Result<Self, NoAgreement> {
        let usable = |line: &Media| line.kind == Kind::Audio && line.port != 0 && line.protocol == "RTP/AVP";
        let found = session.media.iter().enumerate().find(|(_, line)| usable(line));
        let (place, line) = found.ok_or(NoAgreement::NothingInCommon)?;
        let codecs = line.codecs();
        let known = codecs.iter().find_map(|codec| Some((Law::of(codec)?, codec.clone())));
        let (law, codec) = known.ok_or(NoAgreement::NothingInCommon)?;
        let ip = session.address(line).unwrap_or(session.origin.address);
        let event = codecs.iter().find(|codec| codec.is("telephone-event", 8000));
        Ok(Self {
            place,
            address: SocketAddr::new(ip, line.port),
            law,
            codec,
            telephone_event: event.map(|codec| codec.payload_type),
            direction: session.direction(line),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn description(preferred: Law) -> Description {
        Description::new(SocketAddr::from(([127, 0, 0, 1], 40_000)), 1, preferred)
    }

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
                         m=audio 5000 RTP/AVP 9 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n";

    #[test]
    fn both_laws_are_offered_and_one_is_agreed() {
        let (mut caller, mut callee) = (description(Law::A), description(Law::Mu));
        let answer = callee.answer(caller.offer().as_bytes()).unwrap();
        caller.receive_answer(answer.as_bytes()).unwrap();
        let aim = Aim { to: caller.local, law: Law::A, payload_type: 8 };
        assert_eq!((caller.aim(), callee.aim()), (Some(aim), Some(aim)));
    }

    #[test]
    fn the_first_law_of_an_offer_is_taken_and_a_wideband_codec_is_passed_over() {
        let mut ours = description(Law::Mu);
        let answer = ours.answer(OFFER.as_bytes()).unwrap();
        assert!(answer.contains("m=audio 40000 RTP/AVP 8 96\r\n"), "{answer}");
        assert_eq!(ours.aim().unwrap().to, SocketAddr::from(([192, 0, 2, 1], 5000)));
    }

    #[test]
    fn who_holds_us_is_sent_nothing() {
        let mut ours = description(Law::Mu);
        let answer = ours.answer(format!("{OFFER}a=sendonly\r\n").as_bytes()).unwrap();
        assert!(answer.contains("a=recvonly"), "{answer}");
        assert!(ours.is_agreed() && ours.aim().is_none());
    }

    #[test]
    fn video_is_declined_and_what_has_no_g711_is_refused() {
        let mut ours = description(Law::Mu);
        let answer = ours.answer(format!("{OFFER}m=video 5002 RTP/AVP 97\r\n").as_bytes()).unwrap();
        assert!(answer.contains("m=video 0 "), "{answer}");
        let only_g722 = OFFER.replace("9 8 0 96", "9 96");
        assert_eq!(ours.answer(only_g722.as_bytes()), Err(NoAgreement::NothingInCommon));
        assert_eq!(ours.answer(b"hello"), Err(NoAgreement::Malformed));
        assert!(ours.is_agreed(), "a refused offer changes nothing");
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = description(Law::Mu).answer(&body);
            let _ = description(Law::Mu).receive_answer(&body);
        }
    }
}
