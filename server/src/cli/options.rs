//! Options that several commands share, and how they become a configuration.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::{Config, ConfigErrors, Flag, Layers, Problem};

/// The file that is read when none is named, where it exists.
const USUAL_FILE: &str = "tandem.toml";

/// Where the configuration and the data are.
#[derive(Debug, Args)]
pub struct DataOptions {
    /// Configuration file [default: ./tandem.toml, where it exists]
    #[arg(long, value_name = "FILE", env = "TANDEM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder of everything Tandem keeps (data_dir)
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,
    /// sqlite:PATH or postgres://… (database.url); a password is better kept in TANDEM_DATABASE_URL
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

/// [`DataOptions`] of a command that serves.
#[derive(Debug, Args)]
pub struct ServeOptions {
    #[command(flatten)]
    pub data: DataOptions,
    /// Address and port of the web application (http.listen)
    #[arg(long, value_name = "ADDR")]
    pub http: Option<String>,
    /// Addresses and ports for SIP, UDP and TCP, separated by commas (sip.listen)
    #[arg(long, value_name = "ADDR")]
    pub sip: Option<String>,
    /// Addresses of this machine for sound, separated by commas (media.addresses)
    #[arg(long, value_name = "IP")]
    pub media_ip: Option<String>,
    /// Ports for sound (media.ports)
    #[arg(long, value_name = "A-B")]
    pub rtp_ports: Option<String>,
    /// The way to other networks (trunk.address)
    #[arg(long, value_name = "HOST:PORT")]
    pub trunk: Option<String>,
}

/// Whether the usual file is read when none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsualFile {
    Read,
    /// A demonstration must not stumble into the real configuration of the folder it is started in.
    Ignore,
}

impl DataOptions {
    /// The configuration that these options, the environment and the file make together.
    pub fn load(&self, usual: UsualFile) -> Result<Config, ConfigErrors> {
        Config::load(self.layers(usual)?)
    }

    fn layers(&self, usual: UsualFile) -> Result<Layers, ConfigErrors> {
        let usual_file = Path::new(USUAL_FILE);
        let file = match &self.config {
            Some(file) => Some(file.as_path()),
            None if usual == UsualFile::Read && usual_file.exists() => Some(usual_file),
            None => None,
        };
        let file = match file {
            Some(path) => match std::fs::read_to_string(path) {
                Ok(text) => Some((path.to_owned(), text)),
                Err(source) => {
                    return Err(ConfigErrors(vec![Problem::UnreadableFile { path: path.to_owned(), source }]));
                }
            },
            None => None,
        };
        let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        let flags = [("--data", "data_dir", &self.data), ("--database", "database.url", &self.database)];
        let flags = flags.into_iter().filter_map(|(flag, key, value)| Some(Flag { flag, key, value: value.clone()? }));
        Ok(Layers { file, environment, flags: flags.collect() })
    }
}

impl ServeOptions {
    /// As [`DataOptions::load`].
    pub fn load(&self, usual: UsualFile) -> Result<Config, ConfigErrors> {
        let mut layers = self.data.layers(usual)?;
        let flags = [
            ("--http", "http.listen", &self.http),
            ("--sip", "sip.listen", &self.sip),
            ("--media-ip", "media.addresses", &self.media_ip),
            ("--rtp-ports", "media.ports", &self.rtp_ports),
            ("--trunk", "trunk.address", &self.trunk),
        ];
        let given = flags.into_iter().filter_map(|(flag, key, value)| Some(Flag { flag, key, value: value.clone()? }));
        layers.flags.extend(given);
        Config::load(layers)
    }
}
