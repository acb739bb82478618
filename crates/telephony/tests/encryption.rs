//! Keys of SRTP in offers and answers: what follows what is offered, what we offer, and when keys change.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

use std::collections::HashSet;

use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::StdRng};
use tandem_media::{Codec, Encryption, Suite};
use tandem_sip::sdp::{Crypto, Media, Session};
use tandem_telephony::leg::{
    encryption::Policy,
    negotiation::{Negotiation, NegotiationError},
};

/// What phones use for a key.
const KEYS: [&str; 3] = [
    "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
    "NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj",
    "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR",
];

fn leg(policy: Policy) -> Negotiation {
    let secrets = StdRng::seed_from_u64(1);
    Negotiation::new("192.0.2.1:20000".parse().unwrap(), 7).with_encryption(policy, secrets)
}

/// What a phone says: its profile, its `a=crypto`, its direction.
fn said(profile: &str, cryptos: &[String], direction: &str) -> Vec<u8> {
    let cryptos: String = cryptos.iter().map(|crypto| format!("a=crypto:{crypto}\r\n")).collect();
    format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n\
         m=audio 4000 {profile} 8 0 101\r\n{cryptos}a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    )
    .into_bytes()
}

fn crypto(tag: u32, suite: &str, key: usize) -> String {
    format!("{tag} {suite} inline:{}", KEYS[key])
}

fn of_80(tag: u32, key: usize) -> String {
    crypto(tag, "AES_CM_128_HMAC_SHA1_80", key)
}

/// The profile and the keys of our audio.
fn read(text: &str) -> (String, Vec<Crypto>) {
    let session = Session::parse(text.as_bytes()).unwrap();
    let audio: &Media = session.audio().unwrap().1;
    (audio.protocol.clone(), audio.cryptos().collect())
}

fn agreed(leg: &Negotiation) -> Option<Encryption> {
    leg.description().unwrap().encryption
}

#[test]
fn an_answer_follows_its_offer() {
    for profile in ["RTP/SAVP", "RTP/SAVPF", "RTP/AVP"] {
        let mut leg = leg(Policy::WhereOffered);
        let offer = [crypto(3, "F8_128_HMAC_SHA1_80", 0), of_80(7, 1), crypto(8, "AES_CM_128_HMAC_SHA1_32", 2)];
        leg.receive_offer(&said(profile, &offer, "sendrecv")).unwrap();
        let answer = leg.answer(&[Codec::Pcma]);
        let (answered, keys) = read(&answer);
        assert_eq!(answered, profile);
        assert_eq!(keys.len(), 1);
        assert_eq!((keys[0].tag, keys[0].suite.as_str()), (7, "AES_CM_128_HMAC_SHA1_80"));
        let agreed = agreed(&leg).unwrap();
        assert_eq!(agreed.suite, Suite::AesCm128HmacSha1_80);
        assert_eq!(agreed.ours.reveal(), keys[0].key);
        assert_eq!(agreed.theirs.reveal(), Crypto::parse(&offer[1]).unwrap().key);
        assert!(leg.is_encrypted());
    }
    let mut leg = leg(Policy::Preferred);
    leg.receive_offer(&said("RTP/AVP", &[], "sendrecv")).unwrap();
    assert_eq!(read(&leg.answer(&[])), ("RTP/AVP".to_owned(), Vec::new()));
    assert!(agreed(&leg).is_none() && !leg.is_encrypted());
}

#[test]
fn who_must_be_encrypted_and_cannot_be_is_refused() {
    let wrong = [
        vec![],
        vec![crypto(1, "F8_128_HMAC_SHA1_80", 0)],
        vec![crypto(1, "AEAD_AES_128_GCM", 0)],
        vec![format!("{} KDR=2", of_80(1, 0))],
        vec![format!("{} UNENCRYPTED_SRTP", of_80(1, 0))],
    ];
    for cryptos in wrong {
        let mut leg = leg(Policy::WhereOffered);
        let refused = leg.receive_offer(&said("RTP/SAVP", &cryptos, "sendrecv"));
        assert_eq!(refused, Err(NegotiationError::NoKey), "{cryptos:?}");
        assert_eq!(refused.unwrap_err().status(), 488);
        // Where it need not be, it is plain.
        leg.receive_offer(&said("RTP/AVP", &cryptos, "sendrecv")).unwrap();
        assert!(agreed(&leg).is_none());
    }
}

#[test]
fn of_two_lines_the_first_that_can_be_had_counts() {
    let offer = |first: &str, second: &str| {
        let offer = String::from_utf8(said(first, &[], "sendrecv")).unwrap();
        format!("{offer}m=audio 4002 {second} 8\r\na=crypto:{}\r\n", of_80(1, 0)).into_bytes()
    };
    let mut leg = leg(Policy::WhereOffered);
    leg.receive_offer(&offer("RTP/SAVP", "RTP/SAVP")).unwrap();
    assert_eq!(leg.description().unwrap().rtp.port(), 4002);
    assert!(leg.is_encrypted());
    let answer = Session::parse(leg.answer(&[]).as_bytes()).unwrap();
    assert_eq!(answer.media.iter().map(|media| media.port).collect::<Vec<_>>(), [0, 20_000]);
}

#[test]
fn our_offer_has_a_key_for_each_suite_and_the_answer_chooses() {
    for (place, suite) in (0..).zip(Suite::OFFERED) {
        let mut leg = leg(Policy::Preferred);
        let (profile, keys) = read(&leg.offer(&[]));
        assert_eq!(profile, "RTP/SAVP");
        assert_eq!(keys.iter().map(|key| key.suite.as_str()).collect::<Vec<_>>(), Suite::OFFERED.map(Suite::name));
        assert_eq!(keys.iter().map(|key| &key.key).collect::<HashSet<_>>().len(), 3);
        let theirs = Crypto::new(keys[place].tag, suite.name(), &vec![9; suite.key_length()]);
        leg.receive_answer(&said("RTP/SAVP", &[theirs.to_string()], "sendrecv")).unwrap();
        let agreed = agreed(&leg).unwrap();
        assert_eq!((agreed.suite, agreed.ours.reveal()), (suite, keys[place].key.as_slice()));
    }
}

#[test]
fn an_answer_that_chooses_nothing_that_was_offered_is_none() {
    for cryptos in [vec![], vec![of_80(2, 0)], vec![of_80(9, 0)], vec![crypto(1, "AES_CM_128_HMAC_SHA1_32", 0)]] {
        let mut leg = leg(Policy::Preferred);
        leg.offer(&[]);
        let profile = if cryptos.is_empty() { "RTP/AVP" } else { "RTP/SAVP" };
        assert_eq!(leg.receive_answer(&said(profile, &cryptos, "sendrecv")), Err(NegotiationError::NoKey));
        assert!(leg.waits_for_answer());
    }
    // Keys that nobody asked for are for nobody; a profile that nobody offered is no answer.
    let mut leg = leg(Policy::WhereOffered);
    assert_eq!(read(&leg.offer(&[])), ("RTP/AVP".to_owned(), Vec::new()));
    assert_eq!(leg.receive_answer(&said("RTP/SAVP", &[of_80(1, 0)], "sendrecv")), Err(NegotiationError::NoKey));
    leg.receive_answer(&said("RTP/AVP", &[of_80(1, 0)], "sendrecv")).unwrap();
    assert!(agreed(&leg).is_none());
}

#[test]
fn who_refuses_to_be_encrypted_is_offered_plain_media_once() {
    let mut leg = leg(Policy::Preferred);
    leg.offer(&[]);
    assert!(leg.falls_back());
    assert_eq!(read(&leg.offer(&[])), ("RTP/AVP".to_owned(), Vec::new()));
    assert!(!leg.falls_back());
    leg.receive_answer(&said("RTP/AVP", &[], "sendrecv")).unwrap();
    assert!(leg.is_agreed() && !leg.is_encrypted());
}

#[test]
fn who_calls_without_an_offer_may_be_encrypted_or_not() {
    for cryptos in [vec![], vec![of_80(1, 0)]] {
        let mut leg = leg(Policy::BestEffort);
        let (profile, keys) = read(&leg.offer(&[]));
        assert_eq!((profile.as_str(), keys.len()), ("RTP/AVP", 3));
        leg.receive_answer(&said("RTP/AVP", &cryptos, "sendrecv")).unwrap();
        assert_eq!(leg.is_encrypted(), !cryptos.is_empty());
        assert!(!leg.falls_back());
    }
}

#[test]
fn our_key_stays_through_holds_and_refreshes_and_changes_with_the_suite() {
    let mut leg = leg(Policy::WhereOffered);
    let offer = |leg: &mut Negotiation, profile: &str, cryptos: &[String], direction: &str| {
        leg.receive_offer(&said(profile, cryptos, direction)).unwrap();
        leg.answer(&[Codec::Pcma]);
        agreed(leg)
    };
    let first = offer(&mut leg, "RTP/SAVP", &[of_80(1, 0)], "sendrecv").unwrap();
    let held = offer(&mut leg, "RTP/SAVP", &[of_80(1, 0)], "sendonly").unwrap();
    assert_eq!(held, first);
    // Its key changes, and ours stays.
    let resumed = offer(&mut leg, "RTP/SAVP", &[of_80(4, 1)], "sendrecv").unwrap();
    assert_eq!((resumed.ours == first.ours, resumed.theirs == first.theirs), (true, false));
    // We ask whether it is there: by what was said last, with its tag.
    let (profile, keys) = read(&leg.offer_again());
    assert_eq!((profile.as_str(), keys.len(), keys[0].tag), ("RTP/SAVP", 1, 4));
    leg.receive_answer(&said("RTP/SAVP", &[of_80(4, 1)], "sendrecv")).unwrap();
    assert_eq!(agreed(&leg).unwrap(), resumed);
    // It asks us for an offer.
    let (profile, keys) = read(&leg.offer(&[]));
    assert_eq!((profile.as_str(), keys.len(), keys[0].key.as_slice()), ("RTP/SAVP", 1, first.ours.reveal()));
    leg.receive_answer(&said("RTP/SAVP", &[of_80(keys[0].tag, 2)], "sendrecv")).unwrap();
    assert_eq!(agreed(&leg).unwrap().ours, first.ours);

    let short = offer(&mut leg, "RTP/SAVP", &[crypto(1, "AES_CM_128_HMAC_SHA1_32", 0)], "sendrecv").unwrap();
    let again = offer(&mut leg, "RTP/SAVP", &[of_80(1, 0)], "sendrecv").unwrap();
    assert!(offer(&mut leg, "RTP/AVP", &[], "sendrecv").is_none());
    let anew = offer(&mut leg, "RTP/SAVP", &[of_80(1, 0)], "sendrecv").unwrap();
    let ours = [first, short, again, anew].map(|agreed| agreed.ours.reveal().to_vec());
    assert_eq!(ours.iter().collect::<HashSet<_>>().len(), 4, "no key is used twice");
}

#[test]
fn an_offer_that_cannot_be_had_changes_no_key() {
    let mut leg = leg(Policy::WhereOffered);
    leg.receive_offer(&said("RTP/SAVP", &[of_80(1, 0)], "sendrecv")).unwrap();
    leg.answer(&[]);
    let before = agreed(&leg);
    leg.receive_offer(&said("RTP/SAVP", &[], "sendrecv")).unwrap_err();
    assert_eq!(agreed(&leg), before);
}

#[test]
fn no_key_is_shown_by_accident() {
    let mut leg = leg(Policy::Preferred);
    let ours = read(&leg.offer(&[])).1[0].key.clone();
    leg.receive_answer(&said("RTP/SAVP", &[of_80(1, 0)], "sendrecv")).unwrap();
    let shown = format!("{leg:?} {:?}", leg.description());
    let octets: Vec<_> = ours[..4].iter().map(u8::to_string).collect();
    assert!(!shown.contains("inline") && !shown.contains(KEYS[0]) && !shown.contains(&octets.join(", ")), "{shown}");
}

proptest! {
    /// Whatever is offered and answered in whatever order: encrypted and insisting on it go together, and no key of ours comes
    /// again after it was given up.
    #[test]
    fn whatever_is_said_a_key_is_used_for_one_suite_in_one_stretch(
        policy in prop::sample::select(vec![Policy::WhereOffered, Policy::BestEffort, Policy::Preferred]),
        steps in prop::collection::vec((0_u8..4, 0_usize..4, 0_usize..3, 0_usize..3, 1_u32..4), 1..24),
    ) {
        let mut leg = leg(policy);
        let (mut gone, mut last): (HashSet<Vec<u8>>, Option<Encryption>) = (HashSet::new(), None);
        for (step, suite, key, profile, tag) in steps {
            let profile = ["RTP/AVP", "RTP/SAVP", "RTP/SAVPF"][profile];
            let cryptos: Vec<_> = Suite::OFFERED.get(suite).into_iter().map(|suite| {
                let key = vec![u8::try_from(key).unwrap(); suite.key_length()];
                Crypto::new(tag, suite.name(), &key).to_string()
            }).collect();
            let text = said(profile, &cryptos, "sendrecv");
            match step {
                0 => if leg.receive_offer(&text).is_ok() {
                    let answer = leg.answer(&[]);
                    let (answered, keys) = read(&answer);
                    prop_assert_eq!(answered.as_str(), profile);
                    prop_assert_eq!(keys.len(), usize::from(agreed(&leg).is_some()));
                },
                1 => drop(leg.offer(&[])),
                2 => drop(leg.offer_again()),
                _ => if leg.waits_for_answer() && leg.receive_answer(&text).is_err() {
                    leg.offer_refused();
                },
            }
            let now = leg.description().and_then(|description| description.encryption);
            if let Some(before) = last.filter(|before| now.as_ref().is_none_or(|now| now.ours != before.ours)) {
                gone.insert(before.ours.reveal().to_vec());
            }
            if let Some(now) = &now {
                prop_assert!(!gone.contains(now.ours.reveal()));
            }
            last = now;
        }
    }
}
