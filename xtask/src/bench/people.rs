//! Who signs in during measurements: people of the demonstration data (DESIGN, "Demo data").

/// A sign-in name with its password.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub name: &'static str,
    pub password: &'static str,
}

/// The provider's staff.
pub const ADMINISTRATOR: Person = Person { name: "admin", password: "tandem-demo" };
/// A company's own administrator.
pub const CUSTOMER: Person = Person { name: "abc", password: "tandem-demo" };
