//! What do we and a browser say to each other of ICE, DTLS and bundling? (RFC 8829, RFC 8839, RFC 8842, RFC 9143)

use tandem_media::{Browser, Local};
use tandem_sip::sdp::{
    Attribute, Media, Session, Setup,
    webrtc::{PROFILE, host_candidate},
};

/// The name of our one media line, where we offer.
const MID: &str = "0";
/// What names us as a source of RTP (RFC 8834 §4.9), and our stream to a page (RFC 8830).
const CNAME: &str = "tandem";

/// What a browser said in its last description.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) browser: Browser,
    /// Whether its audio line has a name: only then has ours (RFC 5888 §9).
    has_mid: bool,
    /// Whether its audio is in a bundle.
    bundled: bool,
    /// Whether it can go without the full compound of RTCP.
    reduced_rtcp: bool,
}

impl Said {
    /// Whether its ICE agent is not the one that spoke before.
    pub(super) fn is_another_agent(&self, before: &Self) -> bool {
        (&self.browser.ufrag, &self.browser.pwd) != (&before.browser.ufrag, &before.browser.pwd)
    }
}

/// Reads what a browser says of an audio line. `before` is what it said last.
///
/// # Errors
/// What is missing, in words.
pub(super) fn read(
    session: &Session,
    line: &Media,
    is_offer: bool,
    before: Option<&Said>,
) -> Result<Said, &'static str> {
    let ice = session.ice(line).ok_or("no ice-ufrag and ice-pwd")?;
    let fingerprint = session.fingerprint(line).ok_or("no SHA-256 fingerprint")?.to_string();
    if !line.has_rtcp_mux() {
        return Err("no rtcp-mux");
    }
    // Who was the client stays it for as long as there is the same DTLS association (RFC 8842 §5.3).
    let kept = before.filter(|before| before.browser.fingerprint == fingerprint).map(|before| before.browser.active);
    let active = match (session.setup(line), is_offer) {
        (Some(Setup::ActPass), true) => kept.unwrap_or(true),
        (Some(Setup::Active), _) => true,
        (Some(Setup::Passive), _) => false,
        // An answer must choose; JSEP says what one chooses (RFC 8829 §5.3.1).
        (Some(Setup::ActPass) | None, _) => kept.unwrap_or(true),
        (Some(Setup::HoldConn), _) => return Err("setup:holdconn"),
    };
    let udp = |candidate: &&str| {
        let mut words = candidate.split_ascii_whitespace().skip(1);
        words.next() == Some("1") && words.next().is_some_and(|transport| transport.eq_ignore_ascii_case("udp"))
    };
    let mid = line.mid();
    let bundled = mid.is_some_and(|mid| session.bundle().is_some_and(|group| group.contains(&mid)));
    let browser = Browser {
        ufrag: ice.ufrag,
        pwd: ice.pwd,
        fingerprint,
        active,
        candidates: line.candidates().filter(udp).map(str::to_owned).collect(),
        ssrc: line.ssrcs().first().map(|ssrc| ssrc.number),
        mid: mid.unwrap_or(MID).to_owned(),
    };
    Ok(Said { browser, has_mid: mid.is_some(), bundled, reduced_rtcp: line.has_reduced_rtcp() })
}

/// Adds what concerns all of our description.
pub(super) fn dress_session(session: &mut Session, local: &Local, said: Option<&Said>) {
    let mid = match said {
        None => Some(MID),
        Some(said) => Some(said.browser.mid.as_str()).filter(|_| said.bundled),
    };
    if let Some(mid) = mid {
        session.attributes.push(Attribute::new("group", format!("BUNDLE {mid}")));
    }
    session.attributes.push(Attribute::new("msid-semantic", "WMS *"));
    if local.lite {
        session.attributes.push(Attribute::flag("ice-lite"));
    }
}

/// Adds what concerns our audio line. Without anything said by the browser it is a first offer.
pub(super) fn dress_line(line: &mut Media, local: &Local, said: Option<&Said>) {
    PROFILE.clone_into(&mut line.protocol);
    let mut say = |name: &str, value: String| line.attributes.push(Attribute::new(name, value));
    match said {
        None => say("mid", MID.to_owned()),
        Some(said) if said.has_mid => say("mid", said.browser.mid.clone()),
        Some(_) => {}
    }
    say("ice-ufrag", local.ufrag.clone());
    say("ice-pwd", local.pwd.clone());
    say("fingerprint", local.fingerprint.clone());
    let setup = match said {
        None => Setup::ActPass,
        Some(said) if said.browser.active => Setup::Passive,
        Some(_) => Setup::Active,
    };
    say("setup", setup.as_str().to_owned());
    let addresses = std::iter::once(local.address).chain(local.candidates.iter().copied());
    let mut known = Vec::new();
    for (address, place) in addresses.zip(0_u16..) {
        if !known.contains(&address) {
            known.push(address);
            say("candidate", host_candidate(address, place));
        }
    }
    say("msid", format!("{CNAME} audio"));
    say("ssrc", format!("{} cname:{CNAME}", local.ssrc));
    line.attributes.push(Attribute::flag("end-of-candidates"));
    line.attributes.push(Attribute::flag("rtcp-mux"));
    if said.is_none_or(|said| said.reduced_rtcp) {
        line.attributes.push(Attribute::flag("rtcp-rsize"));
    }
}
