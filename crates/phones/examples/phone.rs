//! A phone that does what it is told on its standard input, for tests that are not written in Rust.
//!
//! `phone 127.0.0.1:5060 abc744 700` registers as `abc744` and speaks softly with 700 Hz. Each line is an order, and is answered
//! with a line: `ok`, perhaps with what was found, or `error` and why.
//!
//! | order | what it does |
//! | --- | --- |
//! | `dial 702`, `accept`, `hangup`, `hold`, `resume`, `press 12*#`, `transfer 701` | what a person does |
//! | `rings`, `talks`, `ended` | waits until it is called, a call is connected, it is over; with the caller or the reason |
//! | `hears 1100`, `silent 1100` | waits until this tone is heard, or is not |
//! | `digits 12` | waits for these digits, each once and in this order |
//! | `mark here` | calls this moment `here` |
//! | `isolated here 700 1100,1500` | how many dB the tones that may be heard stand above those that may not, in the worst frame since then, of how many frames, how many of them are torn, and what that means: `52.1 300 0 apart`, or `leaks` |
//! | `packets` | how many came in the call that ended last, and how many were lost: `600 0` |

use std::{
    collections::HashMap,
    io::{BufRead as _, Write as _, stdin, stdout},
    net::SocketAddr,
    time::Duration,
};

use tandem_phones::{
    Account, Baresip, Mark, PhoneError, Recording, SUMMARY, Soft,
    tones::{self, Parted},
};

/// How loud it speaks, in dBFS, and for how long in one call.
const LEVEL: f64 = -15.0;
const BREATH: Duration = Duration::from_secs(180);
/// So much sound is looked at for isolation, at least.
const LOOK: Duration = Duration::from_millis(600);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().ok_or_else(|| format!("{what} is missing: phone ADDRESS USER HERTZ"));
    let (exchange, user, tone) = (next("the address")?, next("the user")?, next("the tone")?);
    let (exchange, tone) = (exchange.parse::<SocketAddr>()?, tone.parse()?);
    let phone = Soft::start(tone, LEVEL, BREATH, |source| {
        let account = Account::registered(&user, "tandem-demo", exchange).tone(tone);
        Baresip::start(account.configured(source).configured(SUMMARY))
    })?;
    phone.wait_until_registered()?;
    answer(Ok(String::new()))?;
    let mut marks = HashMap::new();
    for line in stdin().lock().lines() {
        let line = line?;
        let (order, of) = line.split_once(' ').unwrap_or((&line, ""));
        answer(obey(&phone, &mut marks, order, of))?;
    }
    Ok(())
}

fn obey(phone: &Baresip, marks: &mut HashMap<String, Mark>, order: &str, of: &str) -> Result<String, PhoneError> {
    let done = |(): ()| String::new();
    let hertz = || one(of);
    match order {
        "dial" => phone.dial(of).map(done),
        "accept" => phone.accept().map(done),
        "hangup" => phone.hangup().map(done),
        "hold" => phone.hold().map(done),
        "resume" => phone.resume().map(done),
        "press" => phone.send_digits(of).map(done),
        "transfer" => phone.blind_transfer(of).map(done),
        "rings" => phone.wait_for_incoming(),
        "talks" => phone.wait_until_established().map(done),
        "ended" => phone.wait_until_closed(),
        "hears" => phone.wait_until_hears(hertz()?).map(done),
        "silent" => phone.wait_until_silent(hertz()?).map(done),
        "digits" => phone.wait_for_digits(of).map(done),
        "mark" => {
            marks.insert(of.to_owned(), phone.mark());
            Ok(String::new())
        }
        "isolated" => {
            let mut words = of.split(' ');
            let mark = words.next().and_then(|name| marks.get(name));
            let mark = mark.ok_or_else(|| wrong(&format!("“{of}” names no moment")))?;
            let (allowed, forbidden) = (all(words.next())?, all(words.next())?);
            isolated(phone, mark, &allowed, &forbidden)
        }
        "packets" => phone.wait_for_packets().map(|(came, lost)| format!("{came} {lost}")),
        _ => Err(wrong(&format!("there is no order “{order}”"))),
    }
}

/// How far the allowed tones stand above the forbidden ones in the worst frame since the mark, with the number of frames, and of
/// those that are torn, and whether that is far enough.
fn isolated(phone: &Baresip, mark: &Mark, allowed: &[f64], forbidden: &[f64]) -> Result<String, PhoneError> {
    let sound = phone.wait_for_sound(mark, LOOK)?;
    let parted = tones::parted(sound.iter().map(Recording::samples), allowed, forbidden);
    match parted {
        Some(parted @ Parted { worst, frames, torn }) if worst.is_finite() => {
            Ok(format!("{worst:.1} {frames} {torn} {}", if parted.holds() { "apart" } else { "leaks" }))
        }
        _ => Err(wrong("nothing whole was heard")),
    }
}

fn wrong(what: &str) -> PhoneError {
    PhoneError::Account(what.to_owned())
}

fn one(text: &str) -> Result<f64, PhoneError> {
    text.parse().map_err(|_| wrong(&format!("“{text}” is no frequency")))
}

/// Frequencies, parted by commas.
fn all(text: Option<&str>) -> Result<Vec<f64>, PhoneError> {
    text.unwrap_or_default().split(',').filter(|text| !text.is_empty()).map(one).collect()
}

fn answer(answer: Result<String, PhoneError>) -> std::io::Result<()> {
    let line = match answer {
        Ok(found) => format!("ok {found}"),
        Err(error) => format!("error {error}"),
    };
    let mut output = stdout().lock();
    writeln!(output, "{}", line.trim_end().replace('\n', " ⏎ "))?;
    output.flush()
}
