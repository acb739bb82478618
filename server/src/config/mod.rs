//! Configuration: one typed [`Config`] from a file, the environment and the command line.
//!
//! [`settings`] declares every key once, with its documentation and default; the struct, the reference
//! (`tandem check-config --reference`) and the names in the environment all come from there. To add a key, add it there;
//! if its type is new, teach [`value`] to read it. [`layers`] merges the sources, the later one winning: default, file,
//! environment, flag. What no key knows is refused, with where it stands and what was perhaps meant.

use std::time::Duration;

mod error;
mod layers;
mod reference;
mod settings;
mod value;
mod value_outside;
mod value_telephony;

pub use error::{ConfigErrors, Problem};
pub use layers::{Flag, Layers, Source};
pub use reference::reference;
pub use settings::{
    Config, Database, Http, KEYS, Key, Log, Mail, Media, Metrics, Recordings, Session, Shutdown, Sip, Trunk,
    environment_name,
};
pub use value::{DatabaseUrl, LogFormat, LogLevel, Network, Networks, PublicUrl, Setting};
pub use value_outside::{MailServer, Sender, Storage};
pub use value_telephony::{
    Addresses, Count, Digests, HostPort, HostPorts, IpAddresses, PortRange, Secret, Switch, TrunkTransport,
};

#[cfg(test)]
mod tests;

/// The shortest time without a request after which a session may end. Sessions note once a minute that they are used.
const SHORTEST_IDLE: Duration = Duration::from_secs(5 * 60);

impl Config {
    /// Merges and checks the sources; gives every problem at once rather than the first.
    pub fn load(layers: Layers) -> Result<Self, ConfigErrors> {
        let mut problems = Vec::new();
        let values = layers.merge(&mut problems);
        let config = Config::from_values(&values, &mut problems);
        match config {
            Some(config) if problems.is_empty() => {
                config.check_together(&values, &mut problems);
                if problems.is_empty() { Ok(config) } else { Err(ConfigErrors(problems)) }
            }
            Some(_) | None => Err(ConfigErrors(problems)),
        }
    }

    /// Rules between keys.
    fn check_together(&self, values: &layers::Values, problems: &mut Vec<Problem>) {
        if self.session.idle < SHORTEST_IDLE {
            problems.push(Problem::Contradiction {
                place: values.source_of("session.idle"),
                key: "session.idle",
                says: "whoever reads a page or fills in a form would be signed out meanwhile: make it at least 5m",
            });
        }
        if self.session.idle > self.session.absolute {
            problems.push(Problem::Contradiction {
                place: values.source_of("session.idle"),
                key: "session.idle",
                says: "a session cannot be idle longer than it lives: make it at most session.absolute",
            });
        }
        if self.http.public_url.is_none() && !self.http.trusted_proxies.0.is_empty() {
            problems.push(Problem::Contradiction {
                place: values.source_of("http.trusted_proxies"),
                key: "http.trusted_proxies",
                says: "behind a proxy, http.public_url must tell the address that people see",
            });
        }
        self.check_telephony(values, problems);
    }

    /// Rules between the keys of telephony.
    fn check_telephony(&self, values: &layers::Values, problems: &mut Vec<Problem>) {
        let mut contradiction = |key, says| {
            problems.push(Problem::Contradiction { place: values.source_of(key), key, says });
        };
        if self.sip.listen.0.is_empty() {
            contradiction("sip.listen", "phones need an address to register at: name one, such as 127.0.0.1:5060");
        }
        if self.trunk.register.0 && (self.trunk.address.0.is_empty() || self.trunk.user.is_empty()) {
            contradiction(
                "trunk.register",
                "to register at the trunk, set trunk.address, trunk.user and trunk.password",
            );
        }
        if !self.sip.tls_listen.0.is_empty() && (self.sip.certificate.is_none() || self.sip.key.is_none()) {
            contradiction("sip.tls_listen", "TLS needs a certificate: set sip.certificate and sip.key");
        }
    }

    /// The database to open: the configured one, or the embedded one in the data folder.
    pub fn database_url(&self) -> DatabaseUrl {
        match &self.database.url {
            Some(url) => url.clone(),
            None => DatabaseUrl::embedded(&self.data_dir.join("tandem.sqlite")),
        }
    }

    /// True when people reach Tandem over TLS: cookies are then `Secure`, and browsers are told to stay with TLS.
    pub fn behind_tls(&self) -> bool {
        self.http.public_url.as_ref().is_some_and(PublicUrl::is_https)
    }
}
