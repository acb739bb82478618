//! Who knows the password? Challenges, answers to them, and answers that are used twice.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use tandem_sip::{
    digest::{
        Algorithm, Answer, Challenge, Challenges, Credentials, DigestError, Ha1, Qop, Settings, Verdict, ha1, respond,
    },
    message::{Method, Request, Uri},
};

const REALM: &str = "example.org";
const SECRET: [u8; 32] = [7; 32];

/// A registrar, and the time.
struct Registrar {
    challenges: Challenges,
    now: Instant,
}

/// A phone that answers challenges.
struct Phone {
    username: &'static str,
    password: &'static str,
}

const BOB: Phone = Phone { username: "bob", password: "zanzibar" };

impl Registrar {
    fn new(settings: Settings) -> Self {
        let now = Instant::now();
        Self { challenges: Challenges::new(REALM, settings, SECRET, now), now }
    }

    fn challenge(&mut self) -> Vec<String> {
        self.challenges.challenge(self.now, false)
    }

    /// Verifies for Bob.
    fn verify(&mut self, authorization: &str, request: &Request) -> Verdict {
        let md5 = ha1(Algorithm::Md5, BOB.username, REALM, BOB.password);
        let sha256 = ha1(Algorithm::Sha256, BOB.username, REALM, BOB.password);
        let credentials = Credentials::parse(authorization).expect("credentials");
        self.challenges.verify(self.now, &credentials, request, &Ha1 { md5: &md5, sha256: &sha256 })
    }
}

fn register() -> Request {
    Request::new(Method::Register, "sip:example.org".parse().expect("a URI"))
}

impl Phone {
    fn answer(&self, challenge: &str, request: &Request, nc: u32) -> String {
        let uri = request.uri.to_string();
        let Self { username, password } = *self;
        let (method, body) = (&request.method, &request.body[..]);
        respond([challenge], &Answer { username, password, method, uri: &uri, body, cnonce: "0a4f113b", nc })
            .expect("an answer")
    }
}

#[test]
fn the_example_of_rfc_2617() {
    let challenge = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let answer = Answer {
        username: "Mufasa",
        password: "Circle Of Life",
        method: &Method::from("GET"),
        uri: "/dir/index.html",
        body: b"",
        cnonce: "0a4f113b",
        nc: 1,
    };
    let header = respond([challenge], &answer).unwrap();
    let credentials = Credentials::parse(&header).unwrap();
    assert_eq!(credentials.response, "6629fae49393a05397450978507c4ef1");
    assert_eq!(credentials.opaque.as_deref(), Some("5ccc069c403ebaf9f0171e9517f40e41"));
    assert_eq!((credentials.nc.as_str(), credentials.qop), ("00000001", Some(Qop::Auth)));
    assert_eq!(
        ha1(Algorithm::Md5, "Mufasa", "testrealm@host.com", "Circle Of Life"),
        "939e7578ed9e3c518a452acee763bce9"
    );
}

#[test]
fn the_example_of_rfc_7616() {
    let challenge = |algorithm: &str| {
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    };
    let answer = Answer {
        username: "Mufasa",
        password: "Circle of Life",
        method: &Method::from("GET"),
        uri: "/dir/index.html",
        body: b"",
        cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        nc: 1,
    };
    let response = |challenges: &[String]| {
        Credentials::parse(&respond(challenges.iter().map(String::as_str), &answer).unwrap()).unwrap().response
    };
    let (md5, sha256) = (challenge("MD5"), challenge("SHA-256"));
    assert_eq!(response(std::slice::from_ref(&md5)), "8ca523f5e9506fed4657c9700eebdbec");
    let strongest = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
    assert_eq!(response(&[md5.clone(), sha256.clone()]), strongest);
    assert_eq!(response(&[challenge("SHA-512-256"), sha256, md5]), strongest);
}

#[test]
fn a_phone_registers_by_either_hash_and_the_stronger_is_offered_first() {
    let mut registrar = Registrar::new(Settings::default());
    let challenges = registrar.challenge();
    let algorithms: Vec<_> = challenges.iter().map(|c| Challenge::parse(c).unwrap().algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Sha256, Algorithm::Md5]);
    let request = register();
    assert_eq!(registrar.verify(&BOB.answer(&challenges[1], &request, 1), &request), Verdict::Good);
    let challenges = registrar.challenge();
    assert_eq!(registrar.verify(&BOB.answer(&challenges[0], &request, 1), &request), Verdict::Good);
}

#[test]
fn a_wrong_password_or_an_answer_for_something_else_is_wrong() {
    let mut registrar = Registrar::new(Settings::default());
    let challenge = registrar.challenge().remove(0);
    let request = register();
    let wrong = Phone { password: "Zanzibar", ..BOB };
    assert_eq!(registrar.verify(&wrong.answer(&challenge, &request, 1), &request), Verdict::Wrong);
    let right = BOB.answer(&challenge, &request, 1);
    let invite = Request::new(Method::Invite, request.uri.clone());
    assert_eq!(registrar.verify(&right, &invite), Verdict::Wrong);
    let elsewhere = Request::new(Method::Register, "sip:elsewhere.org".parse().unwrap());
    assert_eq!(registrar.verify(&right, &elsewhere), Verdict::Wrong);
    let somebody = Request::new(Method::Register, "sip:carol@example.org".parse().unwrap());
    assert_eq!(registrar.verify(&right, &somebody), Verdict::Wrong);
    let other_realm = BOB.answer(&challenge.replace(REALM, "example.com"), &request, 1);
    assert_eq!(registrar.verify(&other_realm, &request), Verdict::Wrong);
    assert_eq!(registrar.challenges.remembered(), 0);
    assert_eq!(registrar.verify(&right, &request), Verdict::Good);
}

#[test]
fn the_uri_may_leave_out_what_phones_leave_out() {
    let mut registrar = Registrar::new(Settings::default());
    let challenge = registrar.challenge().remove(0);
    let signed = Request::new(Method::Invite, "sip:7700@example.org".parse().unwrap());
    let sent = Request::new(Method::Invite, "sip:7700@EXAMPLE.org:5060;transport=udp".parse().unwrap());
    assert_eq!(registrar.verify(&BOB.answer(&challenge, &signed, 1), &sent), Verdict::Good);
}

#[test]
fn a_thousand_requests_with_one_nonce_are_good_once_each() {
    let mut registrar = Registrar::new(Settings::default());
    let challenge = registrar.challenge().remove(0);
    let request = register();
    for nc in 1..=1000 {
        let answer = BOB.answer(&challenge, &request, nc);
        assert_eq!(registrar.verify(&answer, &request), Verdict::Good, "{nc}");
        assert_eq!(registrar.verify(&answer, &request), Verdict::Replayed, "{nc}");
    }
    assert_eq!(registrar.challenges.remembered(), 1);
}

#[test]
fn requests_may_overtake_each_other_a_little() {
    let mut registrar = Registrar::new(Settings::default());
    let challenge = registrar.challenge().remove(0);
    let request = register();
    let mut verdict = |nc| registrar.verify(&BOB.answer(&challenge, &request, nc), &request);
    assert_eq!(verdict(70), Verdict::Good);
    assert_eq!(verdict(68), Verdict::Good);
    assert_eq!(verdict(69), Verdict::Good);
    assert_eq!(verdict(68), Verdict::Replayed);
    assert_eq!(verdict(7), Verdict::Good, "the last that is remembered");
    assert_eq!(verdict(6), Verdict::Replayed, "too far behind");
    assert_eq!(verdict(0), Verdict::Replayed, "counts begin at one");
    assert_eq!(verdict(u32::MAX), Verdict::Good);
    assert_eq!(verdict(70), Verdict::Replayed);
}

#[test]
fn an_old_nonce_is_stale_and_the_phone_is_asked_again_without_its_user() {
    let mut registrar = Registrar::new(Settings::default());
    let challenge = registrar.challenge().remove(0);
    let request = register();
    assert_eq!(registrar.verify(&BOB.answer(&challenge, &request, 1), &request), Verdict::Good);
    registrar.now += Duration::from_secs(299);
    assert_eq!(registrar.verify(&BOB.answer(&challenge, &request, 2), &request), Verdict::Good);
    registrar.now += Duration::from_secs(1);
    assert_eq!(registrar.verify(&BOB.answer(&challenge, &request, 3), &request), Verdict::Stale);
    let wrong = Phone { password: "guess", ..BOB };
    assert_eq!(registrar.verify(&wrong.answer(&challenge, &request, 4), &request), Verdict::Wrong);
    let again = registrar.challenges.challenge(registrar.now, true).remove(0);
    assert!(Challenge::parse(&again).unwrap().stale);
    assert_eq!(registrar.verify(&BOB.answer(&again, &request, 1), &request), Verdict::Good);
    assert_eq!(registrar.challenges.remembered(), 1, "the old one is forgotten");
}

#[test]
fn a_nonce_of_somebody_else_is_stale() {
    let mut registrar = Registrar::new(Settings::default());
    let request = register();
    let mut before = Challenges::new(REALM, Settings::default(), [8; 32], registrar.now);
    let foreign = before.challenge(registrar.now, false).remove(0);
    assert_eq!(registrar.verify(&BOB.answer(&foreign, &request, 1), &request), Verdict::Stale);
    let own = registrar.challenge().remove(0);
    let nonce = Challenge::parse(&own).unwrap().nonce;
    for changed in
        [String::new(), nonce[1..].to_owned(), format!("{nonce}0"), nonce.to_uppercase(), nonce.replacen('0', "1", 1)]
    {
        let challenge = own.replace(&nonce, &changed);
        assert_eq!(registrar.verify(&BOB.answer(&challenge, &request, 1), &request), Verdict::Stale, "{changed}");
    }
}

#[test]
fn an_answer_of_rfc_2069_is_good_once_per_nonce() {
    let mut registrar = Registrar::new(Settings::default());
    let challenge = registrar.challenge().remove(1).replace("qop=\"auth\", ", "");
    let request = register();
    let answer = BOB.answer(&challenge, &request, 1);
    assert!(!answer.contains("qop") && !answer.contains("nc="));
    assert_eq!(registrar.verify(&answer, &request), Verdict::Good);
    assert_eq!(registrar.verify(&answer, &request), Verdict::Replayed);
}

#[test]
fn memory_is_bounded_and_what_is_forgotten_is_not_good_again() {
    let mut registrar = Registrar::new(Settings { nonces: 10, ..Settings::default() });
    let request = register();
    let mut answers = Vec::new();
    for _ in 0..100 {
        registrar.now += Duration::from_millis(1);
        let challenge = registrar.challenge().remove(0);
        let answer = BOB.answer(&challenge, &request, 1);
        assert_eq!(registrar.verify(&answer, &request), Verdict::Good);
        answers.push((challenge, answer));
    }
    assert_eq!(registrar.challenges.remembered(), 10);
    for (challenge, answer) in &answers[..90] {
        assert_eq!(registrar.verify(answer, &request), Verdict::Stale);
        assert_eq!(registrar.verify(&BOB.answer(challenge, &request, 2), &request), Verdict::Stale);
    }
    for (challenge, answer) in &answers[90..] {
        assert_eq!(registrar.verify(answer, &request), Verdict::Replayed);
        assert_eq!(registrar.verify(&BOB.answer(challenge, &request, 2), &request), Verdict::Good);
    }
}

#[test]
fn nobody_has_no_password() {
    let mut registrar = Registrar::new(Settings::default());
    let challenge = registrar.challenge().remove(0);
    let request = register();
    let credentials = Credentials::parse(&BOB.answer(&challenge, &request, 1)).unwrap();
    assert_eq!(registrar.challenges.verify_nobody(registrar.now, &credentials, &request), Verdict::Wrong);
}

#[test]
fn only_what_was_offered_is_taken() {
    let mut registrar = Registrar::new(Settings { algorithms: vec![Algorithm::Sha256], ..Settings::default() });
    let challenges = registrar.challenge();
    assert_eq!(challenges.len(), 1);
    let request = register();
    let md5 = BOB.answer(&challenges[0].replace("SHA-256", "MD5"), &request, 1);
    assert_eq!(registrar.verify(&md5, &request), Verdict::Malformed);
    let session = BOB.answer(&challenges[0].replace("SHA-256", "SHA-256-sess"), &request, 1);
    assert_eq!(registrar.verify(&session, &request), Verdict::Malformed);
    let whole = BOB.answer(&challenges[0].replace("\"auth\"", "\"auth-int\""), &request, 1);
    assert!(whole.contains("qop=auth-int"));
    assert_eq!(registrar.verify(&whole, &request), Verdict::Malformed);
    let good = BOB.answer(&challenges[0], &request, 1);
    assert_eq!(registrar.verify(&good.replace("uri=\"sip:", "uri=\"/"), &request), Verdict::Malformed);
}

#[test]
fn session_hashes_agree_on_both_sides() {
    let settings = Settings { algorithms: vec![Algorithm::Sha256Sess, Algorithm::Md5Sess], ..Settings::default() };
    let mut registrar = Registrar::new(settings);
    let request = register();
    for challenge in registrar.challenge() {
        assert_eq!(
            registrar.verify(&BOB.answer(&challenge, &request, 1), &request),
            if challenge.contains("SHA") { Verdict::Good } else { Verdict::Replayed },
            "both have one nonce"
        );
    }
}

#[test]
fn credentials_as_phones_write_them() {
    let sloppy = "DIGEST  username = \"bob\",realm=\"a,b \\\"c\\\"\" , nonce=\"n\",uri=\"sip:x\",response=\"R\",\
        algorithm=\"md5\",qop=\"auth\",nc=00000001,cnonce=\"c\",auts=\"\"";
    let credentials = Credentials::parse(sloppy).unwrap();
    assert_eq!((credentials.username.as_str(), credentials.realm.as_str()), ("bob", "a,b \"c\""));
    assert_eq!((credentials.algorithm, credentials.qop), (Algorithm::Md5, Some(Qop::Auth)));
    let extended = sloppy.replace("username = \"bob\"", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe");
    assert_eq!(Credentials::parse(&extended).unwrap().username, "Jäsøn Doe");
    for (bad, error) in [
        ("NoOneKnowsThisScheme opaque-data=here".to_owned(), DigestError::OtherScheme),
        ("Basic YTpi".to_owned(), DigestError::OtherScheme),
        (String::new(), DigestError::OtherScheme),
        (sloppy.replace("\"md5\"", "SHA-1"), DigestError::UnknownAlgorithm),
        (sloppy.replace("qop=\"auth\"", "qop=magic"), DigestError::UnknownQop),
        (sloppy.replace("nonce", "once"), DigestError::Missing("cnonce")),
        (sloppy.replace("username", "user"), DigestError::Missing("username")),
        (sloppy.replace("00000001", "1"), DigestError::Malformed),
        (sloppy.replace("00000001", "0000000g"), DigestError::Malformed),
        (format!("{sloppy},nonce=\"m\""), DigestError::Malformed),
        (format!("{sloppy},x=\"m"), DigestError::Malformed),
        (format!("{sloppy},x"), DigestError::Malformed),
    ] {
        assert_eq!(Credentials::parse(&bad).err(), Some(error), "{bad}");
    }
}

proptest! {
    #[test]
    fn whoever_knows_the_password_is_let_in(
        username in "\\PC{1,20}", realm in "\\PC{1,20}", password in "\\PC{0,20}", user in "\\PC{1,12}", other in "\\PC{0,20}",
    ) {
        let now = Instant::now();
        let mut challenges = Challenges::new(realm.clone(), Settings::default(), SECRET, now);
        let uri = Uri::sip(Some(&user), "192.0.2.1:5060".parse::<std::net::SocketAddr>().unwrap());
        let request = Request::new(Method::Invite, uri.clone());
        let offer = challenges.challenge(now, false);
        let uri = uri.to_string();
        let mut answer = Answer {
            username: &username, password: &password, method: &request.method, uri: &uri, body: b"", cnonce: "c", nc: 1,
        };
        let right = Credentials::parse(&respond(offer.iter().map(String::as_str), &answer).unwrap()).unwrap();
        prop_assert_eq!((&right.username, &right.realm), (&username, &realm));
        answer.password = &other;
        let wrong = Credentials::parse(&respond(offer.iter().map(String::as_str), &answer).unwrap()).unwrap();
        let md5 = ha1(Algorithm::Md5, &username, &realm, &password);
        let sha256 = ha1(Algorithm::Sha256, &username, &realm, &password);
        let ha1 = Ha1 { md5: &md5, sha256: &sha256 };
        if other != password {
            prop_assert_eq!(challenges.verify(now, &wrong, &request, &ha1), Verdict::Wrong);
        }
        prop_assert_eq!(challenges.verify(now, &right, &request, &ha1), Verdict::Good);
        prop_assert_eq!(challenges.verify(now, &right, &request, &ha1), Verdict::Replayed);
    }

    #[test]
    fn no_count_is_good_twice_in_whatever_order(counts in prop::collection::vec(0_u32..200, 1..100)) {
        let mut registrar = Registrar::new(Settings::default());
        let challenge = registrar.challenge().remove(0);
        let request = register();
        let mut good = std::collections::BTreeSet::new();
        for nc in counts {
            let verdict = registrar.verify(&BOB.answer(&challenge, &request, nc), &request);
            let is_highest = nc > 0 && good.last().is_none_or(|highest| nc > *highest);
            prop_assert!(verdict == Verdict::Good || !is_highest);
            prop_assert!(verdict == Verdict::Good || verdict == Verdict::Replayed);
            prop_assert!(verdict == Verdict::Replayed || good.insert(nc));
        }
    }

    #[test]
    fn any_text_is_judged(text in "(Digest )?[ -~]{0,80}", value in "\\PC{0,12}") {
        let _ = (Credentials::parse(&text), Challenge::parse(&text));
        let mut registrar = Registrar::new(Settings::default());
        let challenge = registrar.challenge().remove(0);
        let nonce = Challenge::parse(&challenge).unwrap().nonce;
        let answer = BOB.answer(&challenge, &register(), 1).replace(&nonce, &value);
        if Credentials::parse(&answer).is_ok() {
            prop_assert_ne!(registrar.verify(&answer, &register()), Verdict::Good);
        }
    }
}
