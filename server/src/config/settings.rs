//! Every configuration key: its documentation, type and default, in the order of the reference.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    error::Problem,
    layers::Values,
    value::{DatabaseUrl, LogFormat, LogLevel, Networks, PublicUrl, Setting},
    value_outside::{Durations, MailServer, Sender, Storage, WebAddress},
    value_telephony::{Addresses, Count, Digests, HostPorts, IpAddresses, PortRange, Secret, Switch, TrunkTransport},
};

/// What the reference and the error messages know of a key.
#[derive(Debug)]
pub struct Key {
    /// Dotted, as in messages: `http.listen`. A key without a dot stands at the top of the file.
    pub name: &'static str,
    /// The documentation, a line each.
    pub docs: &'static [&'static str],
    /// The default, as text; empty is "not set".
    pub default: &'static str,
    /// The value is a list: an array in the file, separated by commas elsewhere.
    pub is_list: bool,
    /// The value may hold a password and is never shown.
    pub is_secret: bool,
}

/// The variable that sets a key: `http.listen` is `TANDEM_HTTP_LISTEN`.
pub fn environment_name(key: &str) -> String {
    format!("TANDEM_{}", key.replace('.', "_").to_uppercase())
}

macro_rules! settings {
    (
        top { $( $(#[doc = $top_doc:literal])* $top:ident: $top_type:ty = $top_default:literal, )* }
        $(
            $(#[doc = $section_doc:literal])*
            $section:ident: $section_type:ident {
                $( $(#[doc = $doc:literal])* $key:ident: $type:ty = $default:literal, )*
            }
        )*
    ) => {
        /// The whole configuration, checked.
        #[derive(Debug, Clone)]
        pub struct Config {
            $( $(#[doc = $top_doc])* pub $top: $top_type, )*
            $( $(#[doc = $section_doc])* pub $section: $section_type, )*
        }

        $(
            $(#[doc = $section_doc])*
            #[derive(Debug, Clone)]
            pub struct $section_type {
                $( $(#[doc = $doc])* pub $key: $type, )*
            }
        )*

        /// Every key, in the order of the reference.
        pub const KEYS: &[Key] = &[
            $( Key {
                name: stringify!($top),
                docs: &[$($top_doc),*],
                default: $top_default,
                is_list: <$top_type as Setting>::IS_LIST,
                is_secret: <$top_type as Setting>::IS_SECRET,
            }, )*
            $( $( Key {
                name: concat!(stringify!($section), ".", stringify!($key)),
                docs: &[$($doc),*],
                default: $default,
                is_list: <$type as Setting>::IS_LIST,
                is_secret: <$type as Setting>::IS_SECRET,
            }, )* )*
        ];

        /// Every section with its documentation, in the order of the reference.
        pub(super) const SECTIONS: &[(&str, &[&str])] = &[ $( (stringify!($section), &[$($section_doc),*]), )* ];

        impl Config {
            /// Reads every key, so that all bad values are reported together; `None` when there was one.
            pub(super) fn from_values(values: &Values, problems: &mut Vec<Problem>) -> Option<Self> {
                $( let $top = values.read::<$top_type>(stringify!($top), $top_default, problems); )*
                $( let $section = {
                    $( let $key = values.read::<$type>(
                        concat!(stringify!($section), ".", stringify!($key)), $default, problems,
                    ); )*
                    move || Some($section_type { $( $key: $key?, )* })
                }; )*
                Some(Config { $( $top: $top?, )* $( $section: $section()?, )* })
            }
        }
    };
}

settings! {
    top {
        /// Folder of everything Tandem keeps: the embedded database, recordings, later archives. Made when missing.
        data_dir: PathBuf = "data",
    }

    /// The web application.
    http: Http {
        /// Address and port to listen on; `0.0.0.0:3000` for every network card.
        listen: SocketAddr = "127.0.0.1:3000",
        /// Address at which people reach Tandem, such as `https://tandem.example`. With `https` cookies are `Secure` and
        /// browsers are told to stay with TLS. Posts from any other origin are refused. Not set: the address of each
        /// request counts, which suits this machine or a private network alone.
        public_url: Option<PublicUrl> = "",
        /// Networks of the reverse proxies in front, such as `["10.0.0.0/8"]`. Only what they say in X-Forwarded-For is
        /// believed. Needs `public_url`.
        trusted_proxies: Networks = "",
        /// Folder of the files that browsers load. Not set: those inside the program, or target/site of the source tree.
        site: Option<PathBuf> = "",
    }

    /// SIP: phones and trunks.
    sip: Sip {
        /// Addresses and ports to listen on, with UDP and with TCP; `0.0.0.0:5060` for every network card.
        listen: Addresses = "127.0.0.1:5060",
        /// Addresses and ports to listen on with TLS, usually port 5061. Needs `certificate` and `key`. Phones that register
        /// there are offered encrypted sound (SRTP) when they are called, plain sound if they refuse it.
        tls_listen: Addresses = "",
        /// File of the certificate for TLS, with those that certify it (PEM).
        certificate: Option<PathBuf> = "",
        /// File of the certificate's key (PEM).
        key: Option<PathBuf> = "",
        /// How phones prove their password: `MD5`, `SHA-256`, the preferred first (RFC 8760). Many phones that know MD5 alone
        /// give up when they are asked for both, so ask for SHA-256 only where all phones know it.
        digests: Digests = "MD5",
        /// Calls that may go on at the same time. One more is refused with 503 and a `Retry-After`.
        calls_max: Count = "2000",
        /// Calls to outside that one account may have at the same time, so that a stolen password does not cost more.
        account_calls_max: Count = "10",
        /// Folder of announcements that replace those of Tandem: WAV files of the same names, 8 kHz, mono.
        prompts: Option<PathBuf> = "",
    }

    /// Sound: RTP.
    media: Media {
        /// Addresses of this machine at which phones send sound, one of each family. Not set: those of `sip.listen`.
        addresses: IpAddresses = "",
        /// Ports for sound. A call takes four: two for each phone.
        ports: PortRange = "20000-29999",
        /// Time without any sound from a phone that should send some, after which its call is ended.
        silence: Duration = "60s",
        /// Port for the sound of browsers, one for all of them, on each of `addresses`. `0`: one that is free. Set one where a
        /// firewall must let it in (UDP).
        browser_port: u16 = "0",
        /// Addresses by which browsers outside reach this machine, where a router translates addresses (NAT); the port must be
        /// the same on both sides.
        public: IpAddresses = "",
        /// `yes`: towards browsers only answer (ICE lite), which is right where they can reach one of the addresses. `no`: also
        /// try what they say of their own networks.
        ice_lite: Switch = "yes",
    }

    /// The trunk: the way to other networks.
    trunk: Trunk {
        /// Its address, such as `sip.carrier.example:5060`; several, and all that a name stands for, are tried one after the
        /// other when one says nothing for 4 s or cannot take a call (503). Calls from all of them to the public numbers of
        /// customers come in. Not set: no call leaves (in the demonstration, a voice answers).
        address: HostPorts = "",
        /// `udp` or `tcp`.
        transport: TrunkTransport = "udp",
        /// User, where the trunk asks for one.
        user: String = "",
        /// `yes`: register at the trunk with user and password, so that its calls come here.
        register: Switch = "no",
        /// Password, where the trunk asks for one.
        password: Secret = "",
    }

    /// Call recordings.
    recordings: Recordings {
        /// Where they are kept: `file:///FOLDER`, or `s3://BUCKET/PREFIX` with the keys, region and endpoint in the variables that
        /// Amazon's tools read (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`). Not set: the folder
        /// `recordings` in the data folder. What is being recorded lies in the data folder's `spool` until its call is over.
        storage: Storage = "",
    }

    /// E-mail.
    mail: Mail {
        /// The mail server: `smtp://USER:PASSWORD@HOST:587`, or `smtps://…` for TLS from the first octet; with
        /// `?tls=required` (the default), `?tls=opportunistic` or `?tls=none`. Not set: e-mails wait until it is (in the
        /// demonstration they are shown instead of sent).
        smtp: MailServer = "",
        /// Who sends them.
        from: Sender = "Tandem <tandem@localhost>",
        /// The largest e-mail in MiB. A recording that does not fit is not attached: a link leads to it.
        size_limit: Count = "15",
    }

    /// Payments.
    payments: Payments {
        /// What the credentials of payment systems are encrypted with: `NAME:KEY`, where KEY is 32 octets in base64 or hexadecimal
        /// (`openssl rand -base64 32`). A new one goes in front; older ones can go after the next start. Not set: a key that
        /// is made at the first start and lies in the data folder, `payments.key`. Several nodes need the same one here.
        keys: Secret = "",
        /// Stripe's API, where it is not `https://api.stripe.com/` (in the demonstration, a stand-in).
        stripe_api: Option<WebAddress> = "",
        /// Stripe's script with the fields for cards, where it is not `https://js.stripe.com/v3/`. Only that host’s script and
        /// frames get into our pages, and Stripe’s own where its script or its API is used.
        stripe_script: Option<WebAddress> = "",
        /// After how long an automatic payment that was declined is tried again, once for each. One that the bank wants to see
        /// the cardholder for is never tried again by itself.
        retries: Durations = "1d, 3d, 5d",
        /// Automatic payments that are made at the same time.
        at_once: Count = "16",
    }

    /// The database.
    database: Database {
        /// `postgres://USER:PASSWORD@HOST/NAME` or `sqlite:PATH`. Not set: the embedded database `tandem.sqlite` in
        /// the data folder.
        url: Option<DatabaseUrl> = "",
    }

    /// The log, on the standard error output.
    log: Log {
        /// `text` for people, `json` (an object a line) for machines.
        format: LogFormat = "text",
        /// The least important level that is logged: `error`, `warn`, `info`, `debug` or `trace`.
        level: LogLevel = "info",
    }

    /// Sign-in sessions.
    session: Session {
        /// Time without a request after which a person must sign in again. At least 5 minutes.
        idle: Duration = "2h",
        /// Time after which a person must sign in again in any case.
        absolute: Duration = "12h",
    }

    /// The end of the server.
    shutdown: Shutdown {
        /// Time that requests under way get to finish after the first SIGTERM or SIGINT; a second one ends at once.
        grace: Duration = "30s",
    }

    /// Measurements for Prometheus.
    metrics: Metrics {
        /// Address and port where /metrics (with /healthz and /readyz) is served to anyone who reaches it. Not set: on the
        /// web application's address, and only to callers on this machine, as long as public_url names this machine too.
        listen: Option<SocketAddr> = "",
    }
}
