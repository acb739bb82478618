//! What reads bytes from outside, one function each: for the short loops of `make test` and for the fuzzer (`fuzz/`), which
//! shares this file. Each takes anything, panics never, and says the same of what it wrote itself.

use std::{fmt::Display, str::FromStr};

use tandem_media::{Clip, dtmf, rtcp, rtp};
use tandem_sip::{
    digest::{Challenge, Credentials},
    message::{
        CSeq, Contacts, Framer, Limits, NameAddr, RAck, Reason, Replaces, SessionExpires, Uri, Via, parse, validate,
    },
    sdp::{Crypto, Fingerprint, Session},
};

/// Something that reads bytes.
pub type Reader = fn(&[u8]);

/// All, with their names.
pub const ALL: [(&str, Reader); 9] = [
    ("message", message),
    ("framer", framer),
    ("digest", digest),
    ("description", description),
    ("values", values),
    ("rtp_packet", rtp_packet),
    ("rtcp_packet", rtcp_packet),
    ("telephone_event", telephone_event),
    ("sound_file", sound_file),
];

/// A datagram. What is read means the same after it was written.
pub fn message(bytes: &[u8]) {
    let Ok(first) = parse(bytes) else { return };
    let headers = first.headers();
    let _ = (headers.vias(), headers.max_forwards(), headers.session_expires(), headers.refer_to(), headers.replaces());
    let _ = (headers.routes(), headers.record_routes(), headers.expires(), headers.rack(), headers.rseq());
    let _ = (headers.event(), headers.subscription_state(), headers.reason(), headers.content_type(), headers.min_se());
    if let Ok(Contacts::List(contacts)) = headers.contacts() {
        for contact in contacts {
            let _ = (contact.expires(), contact.tag().map(str::len), contact.uri.matches(&contact.uri));
        }
    }
    let written = first.to_bytes();
    let second = parse(&written).expect("what was read and written can be read");
    assert_eq!(second.to_bytes(), written, "written again it is the same");
    assert_eq!(second.body(), first.body());
    if let tandem_sip::message::Message::Request(request) = &second {
        validate(request).expect("it was valid before");
    }
}

/// A stream. Where it is torn apart makes no difference.
pub fn framer(bytes: &[u8]) {
    let Some((first, stream)) = bytes.split_first() else { return };
    let read = |step: usize| {
        let mut framer = Framer::new(Limits::default());
        let mut read = Vec::new();
        for part in stream.chunks(step) {
            framer.push(part);
            while let Some(framed) = framer.next() {
                read.push(format!("{framed:?}"));
            }
        }
        read
    };
    assert_eq!(read(usize::from(*first) + 1), read(stream.len().max(1)));
}

/// `Authorization` and `WWW-Authenticate`.
pub fn digest(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = Credentials::parse(&text);
    let _ = Challenge::parse(&text);
}

/// A session description.
pub fn description(bytes: &[u8]) {
    let Ok(session) = Session::parse(bytes) else { return };
    for media in &session.media {
        let _ = (session.address(media), session.direction(media), media.codecs(), media.ptime(), media.rtcp_port());
        let _ = media.refused().to_string();
        for crypto in media.cryptos() {
            assert_eq!(Crypto::parse(&crypto.to_string()), Ok(crypto));
        }
        // What browsers say.
        let _ = (session.ice(media), session.setup(media), session.has_ice_option(media, "trickle"));
        let _ = (media.mid(), media.msid(), media.ends_candidates(), media.candidates().map(str::len).sum::<usize>());
        assert!(media.ssrcs().len() <= 16 && media.candidates().count() <= 32);
        if let Some(fingerprint) = session.fingerprint(media) {
            assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
        }
    }
    let _ = (session.bundle(), session.is_ice_lite());
    let written = session.to_string();
    let again = Session::parse(written.as_bytes()).expect("what was read and written can be read");
    assert_eq!(again.to_string(), written);
}

/// The values of headers.
pub fn values(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    value::<Uri>(&text);
    value::<NameAddr>(&text);
    value::<Via>(&text);
    value::<CSeq>(&text);
    value::<RAck>(&text);
    value::<Replaces>(&text);
    value::<SessionExpires>(&text);
    value::<Reason>(&text);
}

fn value<T: FromStr + Display>(text: &str) {
    let Ok(first) = text.parse::<T>() else { return };
    let written = first.to_string();
    let Ok(second) = written.parse::<T>() else { panic!("{text:?} is written as {written:?}, which cannot be read") };
    assert_eq!(second.to_string(), written, "of {text:?}");
}

/// A packet on the RTP port.
pub fn rtp_packet(octets: &[u8]) {
    let _ = rtp::is_rtcp(octets);
    if let Ok(packet) = rtp::Packet::parse(octets) {
        assert!(packet.payload.start >= rtp::HEADER && packet.payload.end <= octets.len());
        let _ = &octets[packet.payload];
    }
}

/// A packet on the RTCP port.
pub fn rtcp_packet(octets: &[u8]) {
    let Ok(packets) = rtcp::parse(octets) else { return };
    for packet in packets {
        match packet {
            rtcp::Packet::SenderReport { reports, .. } | rtcp::Packet::ReceiverReport { reports, .. } => {
                assert!(reports.count() <= 31);
            }
            rtcp::Packet::SourceDescription | rtcp::Packet::Bye { .. } | rtcp::Packet::Other => {}
        }
    }
}

/// The payload of a telephone event, and a digit of several of them.
pub fn telephone_event(octets: &[u8]) {
    let mut receiver = dtmf::event::Receiver::default();
    for (number, part) in octets.chunks(5).enumerate() {
        let Some(payload) = dtmf::event::Payload::parse(part) else { continue };
        assert_eq!(dtmf::event::Payload::parse(&payload.octets()), Some(payload));
        let timestamp = u32::from(*part.last().unwrap_or(&0)) + u32::try_from(number).unwrap_or(0) / 3 * 256;
        let _ = receiver.handle(timestamp, payload);
    }
}

/// A WAV file, such as a prompt that replaces ours.
pub fn sound_file(octets: &[u8]) {
    let _ = Clip::from_wav(octets);
}
