//! Two phones of the demonstration talk and record: John (744) and Mary (702), for trying things out by hand.
//!
//! `cargo run -p tandem-phones --example talk -- 127.0.0.1:5060 20` talks for 20 seconds, all but the first and the last of them
//! recorded by John.

use std::{net::SocketAddr, time::Duration};

use tandem_phones::{Account, Baresip, PhoneError};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let exchange: SocketAddr = arguments.next().unwrap_or_else(|| "127.0.0.1:5060".into()).parse()?;
    let seconds: u64 = arguments.next().map_or(Ok(10), |seconds| seconds.parse())?;
    let phone = |extension: &str, tone| -> Result<Baresip, PhoneError> {
        let account = Account::registered(&format!("abc{extension}"), "tandem-demo", exchange);
        let phone = Baresip::start(account.tone(tone).codecs(&["pcmu"]))?;
        phone.wait_until_registered()?;
        Ok(phone)
    };
    let (john, mary) = (phone("744", 440)?, phone("702", 1000)?);
    mary.dial("744")?;
    john.wait_for_incoming()?;
    john.accept()?;
    mary.wait_until_established()?;
    std::thread::sleep(Duration::from_secs(1));
    john.send_digits("*44")?;
    std::thread::sleep(Duration::from_secs(seconds.saturating_sub(2)));
    john.send_digits("*45")?;
    std::thread::sleep(Duration::from_secs(1));
    mary.hangup()?;
    Ok(())
}
