//! Which mail server, and how is it reached? All of it is in one URL.

use std::{fmt, time::Duration};

use lettre::transport::smtp::{
    authentication::Credentials,
    client::{Certificate, TlsParameters},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use url::Url;

/// Where e-mails go.
#[derive(Clone)]
pub enum Transport {
    /// To a mail server.
    Smtp(Box<Smtp>),
    /// Nowhere: they count as sent and can be read in the interface. For demonstrations.
    Mailbox,
    /// Nowhere yet: they wait until a mail server is configured.
    None,
}

/// What is said of e-mails that wait for [`Transport::None`] to become something.
pub const NOT_CONFIGURED: &str = "no mail server is configured: set mail.smtp";

impl fmt::Debug for Transport {
    // Not derived: a password is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(smtp) => write!(f, "Smtp({}:{})", smtp.host, smtp.port),
            Self::Mailbox => f.write_str("Mailbox"),
            Self::None => f.write_str("None"),
        }
    }
}

/// A mail server.
#[derive(Clone)]
pub struct Smtp {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) hello: ClientId,
    /// How long connecting, and then sending, may take.
    pub(crate) patience: Duration,
}

/// How the way to the mail server is protected.
#[derive(Clone)]
pub(crate) enum Security {
    /// TLS from the first octet (RFC 8314).
    Wrapped(TlsParameters),
    /// STARTTLS (RFC 3207), or nothing is sent.
    Required(TlsParameters),
    /// STARTTLS if the server offers it. Who is in between can keep it from doing so.
    Opportunistic(TlsParameters),
    /// None.
    Open,
}

/// Why the URL is no mail server.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// It is not a URL of the right kind.
    #[error(
        "this is not the address of a mail server; use smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST, with \
         ?tls=required (the default), ?tls=opportunistic or ?tls=none"
    )]
    Url,
    /// A part of it that nobody knows.
    #[error(
        "“{0}” is not known in the address of a mail server; there are tls=required|opportunistic|none and ca=FILE"
    )]
    Parameter(String),
    /// The certificate of `ca` cannot be read.
    #[error("the certificate {file} cannot be read: {error}")]
    Certificate {
        /// Which.
        file: String,
        /// Why.
        error: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// The longest that connecting and sending each may take unless a test has less patience. RFC 5321 §4.5.3.2 allows servers
/// ten minutes for the end of the data; hardly one that is well takes one.
const PATIENCE: Duration = Duration::from_secs(120);

impl Transport {
    /// The transport of the configuration: `""` for none, `mailbox:` for the demonstration's,
    /// `smtp://USER:PASSWORD@HOST:PORT?tls=required|opportunistic|none` or `smtps://…`. User and password are
    /// percent-encoded. The port is 587 unless given, 465 for `smtps`, 25 without TLS. `ca=FILE` names a PEM certificate to
    /// trust beside the system's.
    ///
    /// # Errors
    /// [`TransportError`].
    pub fn parse(url: &str) -> Result<Self, TransportError> {
        match url.trim() {
            "" => Ok(Self::None),
            "mailbox:" => Ok(Self::Mailbox),
            url => Ok(Self::Smtp(Box::new(Smtp::parse(url)?))),
        }
    }

    /// Why all e-mails wait, if they do: for the page that shows them.
    #[must_use]
    pub const fn why_not(&self) -> Option<&'static str> {
        match self {
            Self::None => Some(NOT_CONFIGURED),
            Self::Mailbox | Self::Smtp(_) => None,
        }
    }

    /// How long an e-mail may be on its way at most.
    #[must_use]
    pub fn patience(&self) -> Duration {
        match self {
            Self::Smtp(smtp) => smtp.patience.saturating_mul(2),
            Self::Mailbox | Self::None => Duration::ZERO,
        }
    }

    /// Waits less long for the mail server.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        if let Self::Smtp(smtp) = &mut self {
            smtp.patience = patience;
        }
        self
    }
}

impl Smtp {
    fn parse(url: &str) -> Result<Self, TransportError> {
        let url = Url::parse(url).map_err(|_| TransportError::Url)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(TransportError::Url)?.to_owned();
        let mut tls = None;
        let mut ca = None;
        for (name, value) in url.query_pairs() {
            match &*name {
                "tls" => tls = Some(value.into_owned()),
                "ca" => ca = Some(value.into_owned()),
                _ => return Err(TransportError::Parameter(name.chars().take(40).collect())),
            }
        }
        let parameters = || parameters(&host, ca.as_deref());
        let (security, port) = match (url.scheme(), tls.as_deref()) {
            ("smtps", None) => (Security::Wrapped(parameters()?), 465),
            ("smtp", None | Some("required")) => (Security::Required(parameters()?), 587),
            ("smtp", Some("opportunistic")) => (Security::Opportunistic(parameters()?), 587),
            ("smtp", Some("none")) => (Security::Open, 25),
            ("smtp" | "smtps", Some(tls)) => {
                return Err(TransportError::Parameter(format!("tls={}", tls.chars().take(40).collect::<String>())));
            }
            _ => return Err(TransportError::Url),
        };
        let decoded = |text: &str| {
            percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).map_err(|_| TransportError::Url)
        };
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some(Credentials::new(decoded(user)?, decoded(password)?)),
            _ => return Err(TransportError::Url),
        };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(port),
            security,
            credentials,
            hello: ClientId::default(),
            patience: PATIENCE,
        })
    }
}

fn parameters(host: &str, ca: Option<&str>) -> Result<TlsParameters, TransportError> {
    let mut builder = TlsParameters::builder(host.trim_matches(['[', ']']).to_owned());
    if let Some(file) = ca {
        let refused = |error: String| TransportError::Certificate { file: file.to_owned(), error };
        let pem = std::fs::read(file).map_err(|error| refused(error.to_string()))?;
        builder =
            builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| refused(error.to_string()))?);
    }
    builder.build().map_err(|error| TransportError::Tls(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<(String, u16, &'static str, bool), String> {
        match Transport::parse(url) {
            Ok(Transport::Smtp(smtp)) => {
                let security = match smtp.security {
                    Security::Wrapped(_) => "wrapped",
                    Security::Required(_) => "required",
                    Security::Opportunistic(_) => "opportunistic",
                    Security::Open => "open",
                };
                Ok((smtp.host, smtp.port, security, smtp.credentials.is_some()))
            }
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn one_url_says_which_mail_server_and_how() {
        let expect = |host: &str, port, security, user| Ok((host.to_owned(), port, security, user));
        assert_eq!(parsed("smtp://mail.example"), expect("mail.example", 587, "required", false));
        assert_eq!(parsed("smtps://u:p@mail.example"), expect("mail.example", 465, "wrapped", true));
        let url = "smtp://u%40x:p%3A@mail.example:2525?tls=opportunistic";
        assert_eq!(parsed(url), expect("mail.example", 2525, "opportunistic", true));
        assert_eq!(parsed("smtp://127.0.0.1?tls=none"), expect("127.0.0.1", 25, "open", false));
        assert_eq!(parsed("smtp://[::1]:25?tls=none"), expect("::1", 25, "open", false));
        assert_eq!(parsed(""), Err("None".into()));
        assert_eq!(parsed("mailbox:"), Err("Mailbox".into()));
    }

    #[test]
    fn an_address_that_is_none_is_told_without_its_password() {
        for url in
            ["mail.example", "http://mail.example", "smtp://", "smtp://u@mail.example", "smtp://:secret@mail.example"]
        {
            let error = parsed(url).unwrap_err();
            assert!(error.contains("not the address of a mail server") && !error.contains("secret"), "{error}");
        }
        for url in ["smtp://h?tls=maybe", "smtps://h?tls=none", "smtp://h?timeout=3"] {
            assert!(parsed(url).unwrap_err().contains("is not known in the address"), "{url}");
        }
        assert!(parsed("smtps://h?ca=/no/such/file").unwrap_err().contains("/no/such/file"));
        let shown = format!("{:?}", Transport::parse("smtp://user:secret@mail.example").unwrap());
        assert_eq!(shown, "Smtp(mail.example:587)");
    }
}
