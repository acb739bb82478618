//! Who a phone is and how it behaves: the settings of one test phone, and the configuration they make.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use crate::PhoneError;

/// How a phone sends its requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// UDP.
    #[default]
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP; any certificate will do, unless `sip_cafile` is configured.
    Tls,
}

impl Transport {
    /// The name in a URI's `transport` parameter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// What a phone does when it is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Answer {
    /// It rings until told to accept.
    #[default]
    Manual,
    /// It sends early media (183 with SDP) until told to accept.
    Early,
    /// It accepts at once.
    Auto,
}

impl Answer {
    const fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Early => "early",
            Self::Auto => "auto",
        }
    }
}

/// The settings of one test phone.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user part of its address, and the name it signs in with.
    pub user: String,
    /// The password for digest authentication; may be empty.
    pub password: String,
    /// Where it registers; a phone without one does not register.
    pub registrar: Option<SocketAddr>,
    /// The domain of its address, when that is not the registrar's address and port.
    pub domain: Option<String>,
    /// How it sends requests.
    pub transport: Transport,
    /// The proxy that all its requests go through.
    pub outbound: Option<SocketAddr>,
    /// Its codecs, best first: `pcmu`, `pcma`, `g722/16000`.
    pub codecs: Vec<String>,
    /// What it does when it is called.
    pub answer: Answer,
    /// The frequency it speaks with, in Hz, at −6 dBFS.
    pub tone: u32,
    /// The address it has: a loopback one. It takes free ports there.
    pub address: IpAddr,
    /// For how many seconds it registers.
    pub expires: u32,
    /// More parameters of the account, as in baresip's `accounts` file, without a semicolon.
    pub parameters: Vec<String>,
    /// More lines of baresip's `config` file.
    pub config: Vec<String>,
}

impl Account {
    /// A phone that registers.
    #[must_use]
    pub fn registered(user: &str, password: &str, registrar: SocketAddr) -> Self {
        let address = match registrar.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) => IpAddr::V6(ip),
        };
        Self { password: password.into(), registrar: Some(registrar), address, ..Self::peer(user) }
    }

    /// A phone that does not register: it calls by address and is called by its own, [`super::Baresip::uri`].
    #[must_use]
    pub fn peer(user: &str) -> Self {
        Self {
            user: user.into(),
            password: String::new(),
            registrar: None,
            domain: None,
            transport: Transport::Udp,
            outbound: None,
            codecs: vec!["pcmu".into(), "pcma".into()],
            answer: Answer::Manual,
            tone: 440,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            expires: 120,
            parameters: Vec::new(),
            config: Vec::new(),
        }
    }

    /// Speaks with this frequency, in Hz.
    #[must_use]
    pub fn tone(mut self, hz: u32) -> Self {
        self.tone = hz;
        self
    }

    /// Sends its requests so.
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Answers so.
    #[must_use]
    pub fn answer(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// Has these codecs, best first: `pcmu`, `pcma`, `g722/16000`.
    #[must_use]
    pub fn codecs(mut self, codecs: &[&str]) -> Self {
        self.codecs = codecs.iter().map(|codec| (*codec).to_owned()).collect();
        self
    }

    /// Sends all its requests through this proxy.
    #[must_use]
    pub fn outbound(mut self, proxy: SocketAddr) -> Self {
        self.outbound = Some(proxy);
        self
    }

    /// Has an address of this domain; its requests go to the registrar all the same.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Has this address of this machine.
    #[must_use]
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Has one more parameter of baresip's `accounts` file: `ptime=10`, `mediaenc=srtp`.
    #[must_use]
    pub fn parameter(mut self, parameter: &str) -> Self {
        self.parameters.push(parameter.into());
        self
    }

    /// Has one more line of baresip's `config` file: `module srtp.so`.
    #[must_use]
    pub fn configured(mut self, line: &str) -> Self {
        self.config.push(line.into());
        self
    }

    /// The account as baresip's command `uanew` takes it.
    pub(super) fn line(&self) -> Result<String, PhoneError> {
        let words = [&self.user, &self.password].into_iter().chain(&self.domain).chain(&self.codecs);
        if let Some(word) = words.into_iter().find(|word| word.contains([';', '"', '<', '>', '\r', '\n', ' '])) {
            return Err(PhoneError::Account(format!(
                "“{word}” has a character that baresip's account file cannot hold"
            )));
        }
        let transport = self.transport.name();
        let own = || if self.address.is_ipv6() { format!("[{}]", self.address) } else { self.address.to_string() };
        let registrar = self.registrar.map(|registrar| registrar.to_string());
        let domain = self.domain.clone().or(registrar).unwrap_or_else(own);
        let mut line = format!("<sip:{}@{domain};transport={transport}>", self.user);
        let hop = self.outbound.or_else(|| self.domain.as_ref().and(self.registrar));
        let mut add = |name: &str, value: &str| {
            // Writing to a string cannot fail.
            let _ = write!(line, ";{name}={value}");
        };
        if let Some(hop) = hop {
            add("outbound", &format!("\"sip:{hop};transport={transport}\""));
        }
        if !self.password.is_empty() {
            add("auth_user", &self.user);
            add("auth_pass", &self.password);
        }
        add("regint", &self.registrar.map_or(0, |_| self.expires).to_string());
        add("audio_codecs", &self.codecs.join(","));
        add("answermode", self.answer.name());
        for parameter in &self.parameters {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            add(name, value);
        }
        // The control connection cuts a command at 1,023 bytes.
        if line.len() > 1000 {
            return Err(PhoneError::Account("it is longer than 1,000 bytes".into()));
        }
        Ok(line)
    }

    /// The text of baresip's `config` file.
    pub(super) fn config(&self, control: SocketAddr, recordings: &Path) -> String {
        // Later lines of the same name do not win in baresip, so what a test adds comes first.
        let added: String = self.config.iter().flat_map(|line| [line, "\n"]).collect();
        let (address, tone, recordings) = (self.address, self.tone, recordings.display());
        let listen = SocketAddr::new(address, 0);
        format!(
            "{added}\
             poll_method epoll\n\
             sip_listen {listen}\n\
             net_interface {address}\n\
             call_max_calls 8\n\
             audio_source ausine,{tone}\n\
             audio_player aubridge,nobody\n\
             audio_alert aubridge,nobody\n\
             ausrc_srate 48000\n\
             ausrc_channels 2\n\
             module_path /usr/lib/baresip/modules\n\
             module g711.so\n\
             module g722.so\n\
             module sndfile.so\n\
             module aubridge.so\n\
             module ausine.so\n\
             module aufile.so\n\
             module_app menu.so\n\
             module_app debug_cmd.so\n\
             module_app ctrl_tcp.so\n\
             ctrl_tcp_listen {control}\n\
             snd_path {recordings}\n\
             menu_bell no\n\
             ringback_disabled yes\n\
             statmode_default off\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_names_its_registrar_and_its_secrets() {
        let registrar = "127.0.0.1:5070".parse().expect("an address");
        let account =
            Account::registered("abc744", "secret", registrar).transport(Transport::Tcp).parameter("ptime=10");
        assert_eq!(
            account.line().expect("all can be written"),
            "<sip:abc744@127.0.0.1:5070;transport=tcp>;auth_user=abc744;auth_pass=secret;regint=120;\
             audio_codecs=pcmu,pcma;answermode=manual;ptime=10"
        );
    }

    #[test]
    fn a_domain_is_reached_through_the_registrars_address() {
        let registrar = "127.0.0.1:5070".parse().expect("an address");
        let line = Account::registered("abc744", "secret", registrar).domain("sip.example").line();
        let line = line.expect("all can be written");
        assert!(
            line.starts_with("<sip:abc744@sip.example;transport=udp>;outbound=\"sip:127.0.0.1:5070;transport=udp\""),
            "{line}"
        );
    }

    #[test]
    fn what_would_break_the_account_file_is_refused() {
        let registrar = "127.0.0.1:5070".parse().expect("an address");
        assert!(Account::registered("abc744", "se;cret", registrar).line().is_err());
    }
}
