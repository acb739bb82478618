//! SRTP by the vectors of RFC 3711 and RFC 7714, and what becomes of losses, wraps, replays, forgeries and new keys.

use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::StdRng};

use super::{cipher::Cipher, *};
use crate::rtp::{HEADER, Header, Packet};

/// What sealing adds at most: a tag of 16 octets and the index of SRTCP.
const OVERHEAD: usize = 20;

const EVERY: [Suite; 4] =
    [Suite::AesCm128HmacSha1_80, Suite::AesCm128HmacSha1_32, Suite::AeadAes128Gcm, Suite::AeadAes256Gcm];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(octet).collect()
}

/// RFC 3711 B.3, as libsrtp's own test has it too.
const MASTER: &str = "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6";

fn master(suite: Suite) -> MasterKey {
    MasterKey::new(suite, &hex(MASTER)[..suite.key_length()]).unwrap()
}

fn sealed_rtp(cipher: &Cipher, index: u64, plain: &[u8]) -> Vec<u8> {
    let mut packet = plain.to_vec();
    packet.resize(plain.len() + OVERHEAD, 0);
    let length = cipher.seal_rtp(index, &mut packet, plain.len()).unwrap();
    packet.truncate(length);
    packet
}

fn sealed_rtcp(cipher: &Cipher, index: u32, plain: &[u8]) -> Vec<u8> {
    let mut packets = plain.to_vec();
    packets.resize(plain.len() + OVERHEAD, 0);
    let length = cipher.seal_rtcp(index, &mut packets, plain.len()).unwrap();
    packets.truncate(length);
    packets
}

#[test]
fn keys_are_derived_as_rfc_3711_shows() {
    use aws_lc_rs::cipher::{AES_128, EncryptingKey, UnboundCipherKey};
    let key = master(Suite::AesCm128HmacSha1_80);
    let derivation = EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, key.key()).unwrap()).unwrap();
    let derived = |label, length: usize| {
        let mut octets = vec![0; length];
        super::cipher::derive(&derivation, key.salt(), label, &mut octets);
        octets
    };
    assert_eq!(derived(0, 16), hex("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(derived(2, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
    let authentication = "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF722709863\
                          71C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E47403576\
                          6B68642C59BBFC2F34DB60DBDFB2DC68";
    assert_eq!(derived(1, 94), hex(authentication)[..94]);
}

#[test]
fn the_key_stream_is_that_of_rfc_3711() {
    use aws_lc_rs::{
        cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey},
        iv::FixedLength,
    };
    // B.2: what the cipher that counts for us makes of zeros.
    let key = UnboundCipherKey::new(&AES_128, &hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
    let counter: [u8; 16] = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
    let mut stream = [0; 48];
    let context = EncryptionContext::Iv128(FixedLength::from(counter));
    let _ = EncryptingKey::ctr(key).unwrap().less_safe_encrypt(&mut stream, context).unwrap();
    let wanted = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(stream.to_vec(), hex(wanted));
}

#[test]
fn a_packet_in_counter_mode_is_sealed_as_libsrtp_seals_it() {
    let cipher = Cipher::new(Suite::AesCm128HmacSha1_80, &master(Suite::AesCm128HmacSha1_80));
    let plain = hex("800f1234decafbadcafebabe abababababababababababababababab");
    let sealed = hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
    assert_eq!(sealed_rtp(&cipher, 0x1234, &plain), sealed);
    let mut opened = sealed.clone();
    assert_eq!(cipher.open_rtp(0x1234, 0, &mut opened), Some(plain.len()));
    assert_eq!(opened[..plain.len()], plain);

    let plain = hex("81c8000bcafebabe abababababababababababababababab");
    let sealed = hex("81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798");
    assert_eq!(sealed_rtcp(&cipher, 1, &plain), sealed);
    let mut opened = sealed;
    assert_eq!(cipher.open_rtcp(0, &mut opened, |_| true), Some((1, plain.len())));
    assert_eq!(opened[..plain.len()], plain);
}

#[test]
fn a_short_tag_is_for_rtp_alone() {
    let cipher = Cipher::new(Suite::AesCm128HmacSha1_32, &master(Suite::AesCm128HmacSha1_32));
    let plain = hex("800f1234decafbadcafebabe abababababababababababababababab");
    let sealed = sealed_rtp(&cipher, 0x1234, &plain);
    assert_eq!(sealed, hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc"));
    let report = hex("81c8000bcafebabe abababababababababababababababab");
    assert_eq!(sealed_rtcp(&cipher, 1, &report).len(), report.len() + 4 + 10);
}

#[test]
fn packets_in_galois_counter_mode_are_those_of_rfc_7714() {
    let key = hex("000102030405060708090a0b0c0d0e0f");
    let salt = hex("517569642070726f2071756f").try_into().unwrap();
    let cipher = Cipher::of_gcm(&key, salt);
    // §16.1.
    let plain =
        hex("8040f17b8041f8d35501a0b2 47616c6c696120657374206f6d6e697320646976697361 20696e207061727465732074726573");
    let sealed =
        hex("8040f17b8041f8d35501a0b2 f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf88\
                      33899d7f27beb16a9152cf765ee4390cce");
    assert_eq!(sealed_rtp(&cipher, 0xF17B, &plain), sealed);
    let mut opened = sealed.clone();
    assert_eq!(cipher.open_rtp(0xF17B, 0, &mut opened), Some(plain.len()));
    assert_eq!(opened[..plain.len()], plain);
    // §17.1.
    let plain = hex(
        "81c8000d4d617273 4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    );
    let sealed =
        hex("81c8000d4d617273 63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded\
                      0bb9275bc84aa45896cf4d2fc5abf87245d9eade 800005d4");
    assert_eq!(sealed_rtcp(&cipher, 0x5D4, &plain), sealed);
    let mut opened = sealed;
    assert_eq!(cipher.open_rtcp(0, &mut opened, |_| true), Some((0x5D4, plain.len())));
    assert_eq!(opened[..plain.len()], plain);
    // §16.2: 256 bits.
    let cipher = Cipher::of_gcm(&hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"), salt);
    let plain =
        hex("8040f17b8041f8d35501a0b2 47616c6c696120657374206f6d6e697320646976697361 20696e207061727465732074726573");
    let sealed =
        hex("8040f17b8041f8d35501a0b2 32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7a\
                      a3db36dfffd6b0f9bb7878d7a76c13");
    assert_eq!(sealed_rtp(&cipher, 0xF17B, &plain), sealed);
    let mut opened = sealed;
    assert_eq!(cipher.open_rtp(0xF17B, 0, &mut opened), Some(plain.len()));
    assert_eq!(opened[..plain.len()], plain);
}

/// Two ends that agreed.
fn ends(suite: Suite, seed: u64) -> (Session, Session, Encryption) {
    let mut rng = StdRng::seed_from_u64(seed);
    let (ours, theirs) = (MasterKey::random(suite, &mut rng), MasterKey::random(suite, &mut rng));
    let phone = Encryption { suite, ours: theirs.clone(), theirs: ours.clone(), mki: 0 };
    let exchange = Encryption { suite, ours, theirs, mki: 0 };
    (Session::new(&phone), Session::new(&exchange), phone)
}

fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let header = Header { marker: false, payload_type: 0, sequence, timestamp: u32::from(sequence) * 160, ssrc };
    [&header.octets()[..], &[0x55; 160]].concat()
}

fn send(from: &mut Session, plain: &[u8]) -> Vec<u8> {
    let mut packet = plain.to_vec();
    packet.resize(plain.len() + OVERHEAD, 0);
    let length = from.seal_rtp(&mut packet, plain.len()).expect("it is sealed");
    packet.truncate(length);
    packet
}

#[track_caller]
fn arrives(to: &mut Session, sealed: &[u8], plain: &[u8]) {
    let mut packet = sealed.to_vec();
    let length = to.open_rtp(&mut packet).expect("it is authentic");
    assert_eq!(&packet[..length], plain);
}

#[track_caller]
fn is_refused(to: &mut Session, sealed: &[u8]) {
    assert_eq!(to.open_rtp(&mut sealed.to_vec()), None);
}

#[test]
fn an_hour_of_sound_goes_both_ways_over_three_wraps() {
    for suite in EVERY {
        let (mut phone, mut exchange, _) = ends(suite, 1);
        for n in 0..180_000_u32 {
            let plain = rtp(7, (65_000 + n) as u16);
            let sealed = send(&mut phone, &plain);
            // Every third is lost.
            if n % 3 != 0 {
                arrives(&mut exchange, &sealed, &plain);
            }
        }
    }
}

#[test]
fn the_first_packets_may_be_lost_at_a_wrap() {
    let (mut phone, mut exchange, _) = ends(Suite::AesCm128HmacSha1_80, 2);
    send(&mut phone, &rtp(7, 65_535));
    let sealed = send(&mut phone, &rtp(7, 0));
    arrives(&mut exchange, &sealed, &rtp(7, 0));
}

#[test]
fn what_was_here_before_or_was_changed_is_refused() {
    for suite in EVERY {
        let (mut phone, mut exchange, _) = ends(suite, 3);
        let packets: Vec<_> = (0..10).map(|n| send(&mut phone, &rtp(7, n))).collect();
        arrives(&mut exchange, &packets[5], &rtp(7, 5));
        is_refused(&mut exchange, &packets[5]);
        arrives(&mut exchange, &packets[4], &rtp(7, 4));
        is_refused(&mut exchange, &packets[4]);
        for place in 0..packets[6].len() {
            let mut forged = packets[6].clone();
            forged[place] ^= 1;
            is_refused(&mut exchange, &forged);
        }
        is_refused(&mut exchange, &packets[6][..packets[6].len() - 1]);
        is_refused(&mut exchange, &rtp(7, 6));
        arrives(&mut exchange, &packets[6], &rtp(7, 6));
        // By another key.
        let (mut stranger, ..) = ends(suite, 4);
        is_refused(&mut exchange, &send(&mut stranger, &rtp(7, 7)));
    }
}

#[test]
fn one_number_is_never_sealed_twice() {
    let (mut phone, ..) = ends(Suite::AeadAes128Gcm, 5);
    let mut packet = rtp(7, 9);
    packet.resize(packet.len() + OVERHEAD, 0);
    let length = packet.len() - OVERHEAD;
    assert!(phone.seal_rtp(&mut packet.clone(), length).is_some());
    packet[20] = 0;
    assert!(phone.seal_rtp(&mut packet, length).is_none());
}

#[test]
fn a_party_that_changes_its_key_is_heard_without_a_gap() {
    for keeps_its_counter in [false, true] {
        let (mut phone, mut exchange, mut agreed) = ends(Suite::AesCm128HmacSha1_80, 6);
        // Over a wrap: the rollover counter is 1.
        for n in 65_530..65_550_u32 {
            let sealed = send(&mut phone, &rtp(7, n as u16));
            arrives(&mut exchange, &sealed, &rtp(7, n as u16));
        }
        let late = send(&mut phone, &rtp(7, 14));
        agreed.ours = MasterKey::random(agreed.suite, &mut StdRng::seed_from_u64(77));
        let theirs = Encryption { ours: agreed.theirs.clone(), theirs: agreed.ours.clone(), ..agreed.clone() };
        let sealed_before = send(&mut exchange, &rtp(8, 40));
        exchange.agree(&theirs);
        arrives(&mut exchange, &late, &rtp(7, 14));
        let mut rekeyed = Session::new(&agreed);
        if keeps_its_counter {
            rekeyed.outgoing.sealed.mark((1 << 16) + 14);
        }
        let sealed = send(&mut rekeyed, &rtp(7, 15));
        arrives(&mut exchange, &sealed, &rtp(7, 15));
        is_refused(&mut exchange, &send(&mut phone, &rtp(7, 16)));
        // What goes the other way goes on as it was.
        arrives(&mut phone, &sealed_before, &rtp(8, 40));
        arrives(&mut phone, &send(&mut exchange, &rtp(8, 41)), &rtp(8, 41));
    }
}

#[test]
fn the_same_agreement_again_changes_nothing() {
    let (mut phone, mut exchange, agreed) = ends(Suite::AesCm128HmacSha1_80, 8);
    let first = send(&mut phone, &rtp(7, 1));
    arrives(&mut exchange, &first, &rtp(7, 1));
    phone.agree(&agreed);
    exchange.agree(&exchange.agreed.clone());
    is_refused(&mut exchange, &first);
    arrives(&mut exchange, &send(&mut phone, &rtp(7, 2)), &rtp(7, 2));
    assert!(exchange.former.is_none());
}

#[test]
fn a_name_of_the_key_is_read_over() {
    for suite in EVERY {
        let (mut phone, exchange, _) = ends(suite, 9);
        let mut exchange = Session::new(&Encryption { mki: 3, ..exchange.agreed.clone() });
        let sealed = send(&mut phone, &rtp(7, 1));
        // Before the tag; GCM's tag is a part of what it encrypts (RFC 7714 §5).
        let place = match suite {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => sealed.len() - suite.tag(),
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => sealed.len(),
        };
        let named = [&sealed[..place], &[0, 0, 4], &sealed[place..]].concat();
        is_refused(&mut exchange, &sealed);
        arrives(&mut exchange, &named, &rtp(7, 1));
    }
}

#[test]
fn reports_are_sealed_and_opened_once() {
    for suite in EVERY {
        let (mut phone, mut exchange, _) = ends(suite, 10);
        let report = hex("80c9000100000007 81ca000200000007 0102616100000000");
        for n in 0..200_u8 {
            let mut packets = [&report[..], &[0; OVERHEAD]].concat();
            let length = phone.seal_rtcp(&mut packets, report.len()).unwrap();
            packets.truncate(length);
            let mut forged = packets.clone();
            forged[length - 1 - usize::from(n) % length] ^= 0x10;
            assert_eq!(exchange.open_rtcp(&mut forged), None);
            let mut again = packets.clone();
            assert_eq!(exchange.open_rtcp(&mut packets), Some(report.len()));
            assert_eq!(packets[..report.len()], report);
            assert_eq!(exchange.open_rtcp(&mut again), None);
        }
    }
}

#[test]
fn sources_without_number_cost_no_memory() {
    let (mut phone, mut exchange, _) = ends(Suite::AesCm128HmacSha1_80, 11);
    for ssrc in 0..10_000 {
        is_refused(&mut exchange, &[&rtp(ssrc, 1)[..], &[0; 10]].concat());
    }
    assert!(exchange.incoming.sources.is_empty());
    for ssrc in 0..20 {
        // Each has its own place: the party began anew.
        phone.outgoing.sealed = super::window::Window::default();
        let sealed = send(&mut phone, &rtp(ssrc, 1));
        arrives(&mut exchange, &sealed, &rtp(ssrc, 1));
    }
    assert!(exchange.incoming.sources.len() <= 8);
}

#[test]
fn nobody_sees_a_key_by_accident() {
    let (phone, _, agreed) = ends(Suite::AesCm128HmacSha1_80, 12);
    let octets: Vec<String> = agreed.ours.reveal().iter().map(u8::to_string).collect();
    let shown = format!("{agreed:?} {phone:?} {:?}", agreed.ours);
    assert!(!shown.contains(&octets[..4].join(", ")), "{shown}");
    assert!(shown.contains("MasterKey(…)"));
}

#[test]
fn suites_have_names_and_lengths() {
    for suite in EVERY {
        // Browsers do not agree by name.
        let offered = Some(suite).filter(|suite| *suite != Suite::AeadAes256Gcm);
        assert_eq!(Suite::from_name(suite.name()), offered);
        assert!(MasterKey::new(suite, &[0; 29]).is_none());
    }
    assert_eq!(Suite::AeadAes256Gcm.key_length(), 44);
    assert_eq!((Suite::AesCm128HmacSha1_80.key_length(), Suite::AeadAes128Gcm.key_length()), (30, 28));
    assert_eq!(Suite::from_name("F8_128_HMAC_SHA1_80"), None);
}

proptest! {
    #[test]
    fn any_octets_are_refused(octets in prop::collection::vec(any::<u8>(), 0..120), first in 0_u8..4, mki in 0_u8..=128) {
        for suite in EVERY {
            let (_, exchange, _) = ends(suite, 13);
            let mut exchange = Session::new(&Encryption { mki, ..exchange.agreed.clone() });
            let mut octets = octets.clone();
            if let Some(octet) = octets.first_mut() {
                *octet = *octet & 0x3F | first << 6;
            }
            prop_assert_eq!(exchange.open_rtp(&mut octets.clone()), None);
            prop_assert_eq!(exchange.open_rtcp(&mut octets.clone()), None);
            // Whatever is to be sealed, as long as there is room or not.
            let length = octets.len();
            let _ = exchange.seal_rtp(&mut octets.clone(), length);
            let _ = exchange.seal_rtcp(&mut octets, length);
        }
    }

    /// Whatever is lost, late, repeated or changed on the way: what arrives is what was sent, and once.
    #[test]
    fn what_arrives_is_what_was_sent(
        start: u16,
        order in prop::collection::vec((0_usize..60, prop::option::of(0_usize..172)), 0..120),
    ) {
        let (mut phone, mut exchange, _) = ends(Suite::AesCm128HmacSha1_32, 14);
        let plain: Vec<_> = (0..60_u16).map(|n| rtp(7, start.wrapping_add(n))).collect();
        let sealed: Vec<_> = plain.iter().map(|plain| send(&mut phone, plain)).collect();
        let mut arrived = std::collections::HashSet::new();
        arrives(&mut exchange, &sealed[0], &plain[0]);
        for (n, changed) in order {
            let mut packet = sealed[n].clone();
            if let Some(place) = changed {
                packet[place] ^= 0x20;
            }
            let opened = exchange.open_rtp(&mut packet);
            let is_first = n != 0 && changed.is_none() && arrived.insert(n);
            prop_assert_eq!(opened, is_first.then_some(plain[n].len()));
            if let Some(length) = opened {
                prop_assert_eq!(&packet[..length], &plain[n][..]);
                prop_assert_eq!(Packet::parse(&packet[..length]).unwrap().payload.start, HEADER);
            }
        }
    }
}
