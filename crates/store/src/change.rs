//! Who changes something, when, and from where.

use std::net::IpAddr;

use tandem_domain::ids::Timestamp;

/// What every write is given, and what the audit log tells of it.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// When.
    pub at: Timestamp,
    /// Who: a sign-in name, or [`Change::SYSTEM`].
    pub actor: &'a str,
    /// Whether that is one of the provider's staff: customers are not told their names.
    pub by_staff: bool,
    /// From which address; `None` for the system and the command line.
    pub address: Option<IpAddr>,
}

impl Change<'static> {
    /// The actor of what nobody asked for.
    pub const SYSTEM: &'static str = "system";

    /// A change by the server itself.
    #[must_use]
    pub const fn by_system(at: Timestamp) -> Self {
        Self { at, actor: Self::SYSTEM, by_staff: false, address: None }
    }
}
