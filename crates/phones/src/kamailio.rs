//! A SIP proxy as the field has it between phones and an exchange: a Kamailio in a folder of its own.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{Leash, PATIENCE, PhoneError, ports};

/// What every configuration needs: where it listens (UDP and TCP), the modules of a stateful proxy.
const BEGINNING: &str = r#"#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=1
tcp_children=1
tcp_accept_no_cl=yes
auto_aliases=no
dns=no
rev_dns=no
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("rr", "enable_full_lr", 1)
"#;

/// The script of a proxy that stays on the path of every call.
const PROXY: &str = r#"
request_route {
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
    if (has_totag()) {
        if (loose_route()) { t_relay(); exit; }
        if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
        sl_send_reply("404", "Not Here"); exit;
    }
    t_check_trans();
    loose_route();
    if (is_method("INVITE|SUBSCRIBE")) { record_route(); }
    if ($si != "HOST" || $sp != PORT) { $du = "sip:HOST:PORT"; }
    t_relay();
}
"#;

/// A running Kamailio; it ends on drop.
#[derive(Debug)]
pub struct Kamailio {
    // In the order of their end.
    leash: Leash,
    _folder: TempDir,
    address: SocketAddr,
}

impl Kamailio {
    /// A proxy in front of the exchange at this IPv4 address: it passes every request of others to it, and those of the
    /// exchange to where they are addressed; and it stays on the path of every call (Record-Route).
    ///
    /// # Errors
    ///
    /// When Kamailio is missing or does not start.
    pub fn before(exchange: SocketAddr) -> Result<Self, PhoneError> {
        let script = PROXY.replace("HOST", &exchange.ip().to_string()).replace("PORT", &exchange.port().to_string());
        Self::start(&script)
    }

    /// A Kamailio with this end of a configuration: more modules and parameters, and the routes. The beginning has
    /// where it listens, and the modules tm, sl, rr, pv, maxfwd, textops and siputils.
    ///
    /// # Errors
    ///
    /// When Kamailio is missing, or the configuration is wrong: the text has what it logged.
    pub fn start(script: &str) -> Result<Self, PhoneError> {
        let folder = tempfile::Builder::new().prefix("kamailio-").tempdir();
        let folder = folder.map_err(PhoneError::io("a temporary folder cannot be made"))?;
        let address = ports::free_on(Ipv4Addr::LOCALHOST)?;
        let config = folder.path().join("kamailio.cfg");
        let text = format!("{BEGINNING}listen=udp:{address}\nlisten=tcp:{address}\n{script}");
        fs::write(&config, text).map_err(PhoneError::io("Kamailio cannot be configured"))?;
        let (config, path) = (config.display().to_string(), folder.path().display().to_string());
        // In the foreground, logging to its terminal, with little memory.
        let arguments = ["-DD", "-E", "-f", &config, "-Y", &path, "-m", "32", "-M", "8"];
        let mut leash = Leash::start("kamailio", arguments, folder.path(), &folder.path().join("log"), &[])?;
        let deadline = Instant::now() + PATIENCE;
        while !(ports::is_bound_udp(address) && ports::is_listening_tcp(address)) {
            if leash.ended().is_some() || Instant::now() >= deadline {
                return Err(PhoneError::Gone { program: "kamailio".into(), log: leash.log() });
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Self { leash, _folder: folder, address })
    }

    /// Where it listens, for UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that it logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.leash.log()
    }
}
