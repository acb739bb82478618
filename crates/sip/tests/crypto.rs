//! `a=crypto`: what phones write, what RFC 4568 forbids, and any text at all.

use proptest::prelude::*;
use tandem_sip::sdp::{Attribute, Crypto, CryptoError, Media, Session};

const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

fn read(value: &str) -> Crypto {
    Crypto::parse(value).unwrap_or_else(|error| panic!("{error}: {value}"))
}

fn error(value: &str) -> CryptoError {
    Crypto::parse(value).expect_err(value)
}

#[test]
fn the_examples_of_rfc_4568_are_read() {
    let crypto = read(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4"));
    assert_eq!((crypto.tag, crypto.suite.as_str()), (1, "AES_CM_128_HMAC_SHA1_80"));
    assert_eq!(crypto.key, b"YS___semctl () {\t220;}\n}\nunles");
    assert_eq!((crypto.lifetime, crypto.mki), (Some(1 << 20), 4));
    assert_eq!(read(&format!("2 F8_128_HMAC_SHA1_80 inline:{KEY}|1:4")).mki, 4);
    assert_eq!(read(&format!("1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|1066")).lifetime, Some(1066));
    let plain = read(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"));
    assert_eq!((plain.lifetime, plain.mki), (None, 0));
}

#[test]
fn phones_write_their_keys_as_they_like() {
    let key = [7; 28];
    for text in ["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw==", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw"] {
        assert_eq!(read(&format!("1 AEAD_AES_128_GCM inline:{text}")).key, key);
    }
    assert_eq!(read(&format!("  7   AES_CM_128_HMAC_SHA1_80  INLINE:{KEY}  WSH=64 -anything=1  ")).tag, 7);
}

#[test]
fn what_is_not_done_here_is_refused() {
    let with = |rest: &str| format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{rest}");
    for parameter in [
        "KDR=1",
        "UNENCRYPTED_SRTP",
        "UNENCRYPTED_SRTCP",
        "UNAUTHENTICATED_SRTP",
        "FEC_ORDER=FEC_SRTP",
        "WSH=8",
        "X",
        "-",
    ] {
        assert_eq!(error(&with(&format!(" {parameter}"))), CryptoError::Parameter, "{parameter}");
    }
    assert_eq!(error(&with(&format!("|2^20|1:4;inline:{KEY}|2^20|2:4"))), CryptoError::ManyKeys);
    for lifetime in ["|0", "|2^49", "|3^2", "|", "|2^", "|-1", "|99999999999999999999", "||1:4"] {
        assert_eq!(error(&with(lifetime)), CryptoError::Lifetime, "{lifetime}");
    }
    for mki in ["|2^20|1:0", "|2^20|1:129", "|2^20|:4", "|2^20|1", "|1:x", "|99999999:1"] {
        assert_eq!(error(&with(mki)), CryptoError::Mki, "{mki}");
    }
    assert_eq!(error(&with("|2^20|1:4|5")), CryptoError::Malformed);
    for text in
        ["", "1", "1 AES", "x AES inline:AA", "1234567890 AES inline:AA", "1 A-B inline:AA", "1 AES uri:AA", "1 AES AA"]
    {
        assert_eq!(error(text), CryptoError::Malformed, "{text}");
    }
    for key in ["", "!!!!", "A"] {
        assert_eq!(error(&format!("1 AES inline:{key}")), CryptoError::Key, "{key}");
    }
    assert_eq!(error(&format!("1 AES inline:{}", "A".repeat(80))), CryptoError::Key);
    assert_eq!(error(&format!("1 AES inline:{}", "A".repeat(600))), CryptoError::TooLong);
}

#[test]
fn a_media_line_offers_those_that_can_be_taken() {
    let mut media = Media::audio(20_000);
    for value in
        [format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=3"), format!("2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")]
    {
        media.attributes.push(Attribute::new("crypto", value));
    }
    assert_eq!(media.cryptos().map(|crypto| crypto.tag).collect::<Vec<_>>(), [2]);
    assert!(!media.is_secure());
    "RTP/SAVP".clone_into(&mut media.protocol);
    assert!(media.is_secure());
    // With keys in the signalling it is no browser's, whose keys are made by DTLS.
    "RTP/SAVPF".clone_into(&mut media.protocol);
    assert!(media.is_secure() && !media.is_webrtc());
    media.attributes.push(Attribute::new("fingerprint", "sha-256 AB:CD"));
    assert!(media.is_webrtc() && !media.is_secure());
    media.attributes.clear();
    assert!(media.is_webrtc());
}

#[test]
fn no_key_is_shown_by_accident() {
    let crypto = read(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"));
    let mut session = Session::new("192.0.2.1".parse().unwrap(), 1, 1);
    session.media.push(Media::audio(20_000));
    session.media[0].attributes.push(Attribute::new("crypto", crypto.to_string()));
    session.media[0].attributes.push(Attribute::new("Crypto", crypto.to_string()));
    let shown = format!("{crypto:?} {session:?}");
    assert!(!shown.contains(KEY) && !shown.contains("89, 83"), "{shown}");
    assert!(session.to_string().contains(KEY), "who is meant to have it gets it");
}

proptest! {
    #[test]
    fn any_text_is_a_key_or_none(text in "\\PC{0,200}") {
        let _ = Crypto::parse(&text);
    }

    #[test]
    fn what_looks_like_a_key_is_read_or_refused(text in "[0-9]{1,10} [A-Z_0-9]{1,10} inline:[A-Za-z0-9+/]{0,60}={0,2}(\\|[0-9^:]{0,12}){0,3}( [A-Z=-]{1,6}){0,2}") {
        if let Ok(crypto) = Crypto::parse(&text) {
            prop_assert!(crypto.key.len() <= 46 && crypto.mki <= 128);
            prop_assert_eq!(Crypto::parse(&crypto.to_string()), Ok(crypto));
        }
    }

    #[test]
    fn what_is_written_is_what_is_read(
        tag in 0_u32..1_000_000_000,
        key in prop::collection::vec(any::<u8>(), 1..=46),
        lifetime in proptest::option::of(1_u64..=1 << 48),
        mki in 0_u8..=128,
    ) {
        let crypto = Crypto { lifetime, mki, ..Crypto::new(tag, "AEAD_AES_128_GCM", &key) };
        prop_assert_eq!(Crypto::parse(&crypto.to_string()), Ok(crypto));
    }
}
