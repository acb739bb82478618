//! Which of the browser's programs takes a page over.
//!
//! The server renders all pages. The browser has a program for each kind of person, so that nobody loads the code of pages
//! that are not for them. What a person works with is in one program, within which pages change without being loaded, and
//! a call goes on; a link to a page that it has not is followed as if there were no program at all.

use tandem_domain::access::Audience;

/// One of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Where one signs in.
    SignIn,
    /// The pages of the provider's staff.
    Administrator,
    /// The page that shows the design system.
    Gallery,
    /// The pages of a company's administrators.
    Company,
    /// The pages of an end user, with the phone.
    Person,
}

/// The pages of self-care that end users have alone, by the part of the path behind `/self-care`.
const OF_PERSONS: [&str; 3] = ["phone", "recording", "codes"];

/// Those that companies have alone.
const OF_COMPANIES: [&str; 7] = ["company", "extensions", "huntgroups", "dialing-rules", "numbers", "calls", "audit"];

impl Program {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::SignIn, Self::Administrator, Self::Gallery, Self::Company, Self::Person];

    /// The name of its files: that of its source in `frontend/src/bin`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Administrator => "administrator",
            Self::Gallery => "gallery",
            Self::Company => "company",
            Self::Person => "person",
        }
    }

    /// The one for the page at `path`, for somebody of this kind or nobody.
    #[must_use]
    pub fn of(path: &str, who: Option<Audience>) -> Self {
        let own = match who {
            Some(Audience::Administrator) => Self::Administrator,
            Some(Audience::Customer) => Self::Company,
            Some(Audience::Account) => Self::Person,
            None => Self::SignIn,
        };
        match Pages::of(path) {
            Pages::One(program) => program,
            // Of those who may not be there: they are told so.
            Pages::SelfCare if own == Self::Person => Self::Person,
            Pages::SelfCare => Self::Company,
            Pages::Anybodys => own,
        }
    }

    /// Whether it has the page at `path`, or is as good as any to say that there is none.
    #[must_use]
    pub fn has(self, path: &str) -> bool {
        match Pages::of(path) {
            Pages::One(program) => program == self,
            Pages::SelfCare => matches!(self, Self::Company | Self::Person),
            Pages::Anybodys => true,
        }
    }
}

/// In which programs a page is.
enum Pages {
    /// In this one alone.
    One(Program),
    /// In both of self-care.
    SelfCare,
    /// In all, as the profile, or in none.
    Anybodys,
}

impl Pages {
    fn of(path: &str) -> Self {
        let mut parts = path.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/').split('/');
        let (area, page) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match (area, page) {
            ("sign-in", _) => Self::One(Program::SignIn),
            ("admin", "gallery") => Self::One(Program::Gallery),
            ("admin", _) => Self::One(Program::Administrator),
            ("self-care", page) if OF_PERSONS.contains(&page) => Self::One(Program::Person),
            ("self-care", page) if OF_COMPANIES.contains(&page) => Self::One(Program::Company),
            ("self-care", _) => Self::SelfCare,
            _ => Self::Anybodys,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYBODY: [Option<Audience>; 4] =
        [None, Some(Audience::Administrator), Some(Audience::Customer), Some(Audience::Account)];

    #[test]
    fn whoever_asks_for_a_page_gets_a_program_that_has_it() {
        let paths = [
            "/sign-in?then=/admin",
            "/admin",
            "/admin/customers?q=a",
            "/admin/gallery",
            "/self-care",
            "/self-care/phone",
            "/self-care/huntgroups/1",
            "/self-care/invoices#a",
            "/profile",
            "/nothing",
        ];
        for path in paths {
            for who in EVERYBODY {
                assert!(Program::of(path, who).has(path), "{path} for {who:?}");
            }
        }
    }

    #[test]
    fn pages_that_several_have_are_in_each_ones_own_program() {
        for path in ["/self-care", "/self-care/console", "/profile"] {
            assert_eq!(Program::of(path, Some(Audience::Customer)), Program::Company);
            assert_eq!(Program::of(path, Some(Audience::Account)), Program::Person);
        }
        assert_eq!(Program::of("/profile", Some(Audience::Administrator)), Program::Administrator);
        assert_eq!(Program::of("/administration", None), Program::SignIn);
    }

    #[test]
    fn a_program_knows_what_it_has_not() {
        assert!(!Program::Person.has("/self-care/huntgroups") && !Program::Company.has("/self-care/phone"));
        assert!(!Program::Person.has("/admin/calls") && !Program::Administrator.has("/sign-in"));
        assert!(!Program::Administrator.has("/admin/gallery") && !Program::Gallery.has("/admin"));
    }
}
