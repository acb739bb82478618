//! The media engine alone, with browsers, as a process to be measured: each call has a browser and a phone, and a manager's
//! phone too where a manager whispers to the browser, so that what the browser and the manager hear is mixed.
//!
//! What both sides say of ICE and DTLS goes through the process's output, before anything else, and its input, a line of JSON
//! for each browser in turn.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZero,
    thread,
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use tandem_media::{Browser, Codec, Config, Description, Engine, Hears, LegId, Local};

use crate::process::MEDIA_PORTS;

/// Legs of a call: browser, phone and manager.
const LEGS: u64 = 3;
/// The name of the one audio line.
pub const LINE: &str = "0";

/// What one side says of ICE and DTLS, for one browser.
#[derive(Clone, Serialize, Deserialize)]
pub struct Said {
    /// Where it is.
    pub address: SocketAddr,
    /// The name of its ICE agent.
    pub ufrag: String,
    /// Its password, which is worth nothing to anybody else and ends with the measurement.
    pub pwd: String,
    /// Of its certificate.
    pub fingerprint: String,
    /// The source of what it sends.
    pub ssrc: u32,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said").field("address", &self.address).field("ssrc", &self.ssrc).finish_non_exhaustive()
    }
}

impl From<Local> for Said {
    fn from(local: Local) -> Self {
        let Local { address, ufrag, pwd, fingerprint, ssrc, .. } = local;
        Self { address, ufrag, pwd, fingerprint, ssrc }
    }
}

impl Said {
    /// The same, as it would stand in a browser's SDP: only G.711, and the client of DTLS.
    fn description(self) -> Description {
        let Self { address, ufrag, pwd, fingerprint, ssrc } = self;
        let candidate = format!("1 1 udp 2113937151 {} {} typ host", address.ip(), address.port());
        let browser = Browser {
            ufrag,
            pwd,
            fingerprint,
            active: true,
            candidates: vec![candidate],
            ssrc: Some(ssrc),
            mid: LINE.to_owned(),
        };
        Description { rtcp_mux: true, browser: Some(browser), ..Description::new(address, Codec::Pcmu) }
    }
}

/// The engine with its calls.
#[derive(Debug)]
pub struct Gateway {
    engine: Engine,
    /// Where the phones of each call send, one call after another: one, or one and a manager's.
    pub addresses: Vec<SocketAddr>,
    /// What is said to each call's browser.
    pub said: Vec<Said>,
}

impl Gateway {
    /// Begins so many calls.
    ///
    /// # Errors
    /// The system gives no sockets or threads.
    pub fn start(calls: usize, whispered: bool) -> Result<Self> {
        let local = IpAddr::from(Ipv4Addr::LOCALHOST);
        let config = Config {
            workers: thread::available_parallelism().map_or(1, NonZero::get),
            ports: MEDIA_PORTS,
            addresses: vec![local],
            browsers: Some(vec![(local, 0).into()]),
            ..Config::default()
        };
        let engine = Engine::start(config, Box::new(|_| {}))?;
        let (mut addresses, mut said) = (Vec::new(), Vec::new());
        for call in 0..calls {
            let [browser, phone, manager] = legs(call);
            said.push(engine.open_browser(browser)?.into());
            for leg in [Some(phone), whispered.then_some(manager)].into_iter().flatten() {
                addresses.push(engine.open(leg, local)?);
                // Where the phone wants its sound shows when it sends.
                let nowhere = SocketAddr::new(local, 0);
                engine.describe(leg, Description { rtcp_mux: true, ..Description::new(nowhere, Codec::Pcmu) });
            }
            engine.route(if whispered {
                vec![
                    (browser, Hears::Mix(vec![phone, manager])),
                    (phone, Hears::Leg(browser)),
                    (manager, Hears::Mix(vec![browser, phone])),
                ]
            } else {
                vec![(browser, Hears::Leg(phone)), (phone, Hears::Leg(browser))]
            });
        }
        Ok(Self { engine, addresses, said })
    }

    /// Takes what the browser of a call says.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn describe(&self, call: usize, line: &str) -> Result<()> {
        let said: Said = serde_json::from_str(line).context("what a browser says cannot be read")?;
        let [browser, ..] = legs(call);
        self.engine.describe(browser, said.description());
        Ok(())
    }
}

/// The legs of a call.
fn legs(call: usize) -> [LegId; LEGS as usize] {
    [0, 1, 2].map(|leg| LegId(call as u64 * LEGS + leg))
}
