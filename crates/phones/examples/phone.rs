//! A phone that does what it is told on its standard input, for tests that are not written in Rust.
//!
//! `phone 127.0.0.1:5060 abc744 700` registers as `abc744` and speaks with 700 Hz. Each line is an order, and is answered with a
//! line: `ok`, perhaps with what was found, or `error` and why.
//!
//! | order | what it does |
//! | --- | --- |
//! | `dial 702`, `accept`, `hangup`, `hold`, `resume`, `press 12*#`, `transfer 701` | what a person does |
//! | `rings`, `talks`, `ended` | waits until it is called, a call is connected, it is over; with the caller or the reason |
//! | `hears 1100`, `silent 1100` | waits until this tone is heard, or is not |
//! | `digits 12` | waits for these digits, each once and in this order |

use std::{
    io::{BufRead as _, Write as _, stdin, stdout},
    net::SocketAddr,
};

use tandem_phones::{Account, Baresip, PhoneError};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().ok_or_else(|| format!("{what} is missing: phone ADDRESS USER HERTZ"));
    let (exchange, user, tone) = (next("the address")?, next("the user")?, next("the tone")?);
    let account = Account::registered(&user, "tandem-demo", exchange.parse::<SocketAddr>()?).tone(tone.parse()?);
    let phone = Baresip::start(account)?;
    phone.wait_until_registered()?;
    answer(Ok(String::new()))?;
    for line in stdin().lock().lines() {
        let line = line?;
        let (order, of) = line.split_once(' ').unwrap_or((&line, ""));
        answer(obey(&phone, order, of))?;
    }
    Ok(())
}

fn obey(phone: &Baresip, order: &str, of: &str) -> Result<String, PhoneError> {
    let done = |(): ()| String::new();
    let hertz = || of.parse::<f64>().map_err(|_| PhoneError::Account(format!("“{of}” is no frequency")));
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
        _ => Err(PhoneError::Account(format!("there is no order “{order}”"))),
    }
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
