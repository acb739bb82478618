//! Which of the browser's programs takes a page over.
//!
//! The server renders all pages. The browser has programs for each kind of person, so that nobody loads the code of pages
//! that are not for them, nor of those that one seldom goes to from where one works: what is set up once, and what is paid.
//! Within a program pages change without being loaded; a link to a page that it has not is followed as if there were no
//! program at all. While somebody talks, a link opens such a page in another tab, and the call goes on where it is; where the
//! page is loaded in its place all the same (by the back button, or anew), the call is taken up there after a moment.

use tandem_domain::access::Audience;

/// One of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Where one signs in.
    SignIn,
    /// The pages of the provider's staff about customers and their money.
    Administrator,
    /// Those where it sees what the exchange does and did.
    Exchange,
    /// Those where it sets up what is for all customers.
    Configuration,
    /// The page that shows the design system.
    Gallery,
    /// The pages of a company's administrators that are not in [`Calls`](Self::Calls) or [`Billing`](Self::Billing).
    Company,
    /// The same of an end user, with the phone.
    Person,
    /// Where either hears calls, those that are and those that were, with the phone: console, wallboard, recordings.
    Calls,
    /// Where either pays, with the phone.
    Billing,
}

/// The pages of [`Program::Exchange`], by the part of the path behind `/admin`.
const OF_EXCHANGE: [&str; 6] = ["calls", "registrations", "xdrs", "recordings", "mail", "audit"];

/// Those of [`Program::Configuration`].
const OF_CONFIGURATION: [&str; 4] = ["classes", "roles", "dialing-rules", "administrators"];

/// The pages of self-care that end users have alone, by the part of the path behind `/self-care`.
const OF_PERSONS: [&str; 3] = ["phone", "recording", "codes"];

/// Those that companies have alone.
const OF_COMPANIES: [&str; 7] = ["company", "extensions", "huntgroups", "dialing-rules", "numbers", "calls", "audit"];

/// Those of [`Program::Calls`].
const OF_CALLS: [&str; 3] = ["console", "wallboard", "recordings"];

/// Those of [`Program::Billing`].
const OF_BILLING: [&str; 5] = ["billing", "invoices", "payments", "cards", "auto-payment"];

impl Program {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::SignIn,
        Self::Administrator,
        Self::Exchange,
        Self::Configuration,
        Self::Gallery,
        Self::Company,
        Self::Person,
        Self::Calls,
        Self::Billing,
    ];

    /// The name of the program that is all of them in one: for development, as it is built in a fraction of the time.
    pub const WHOLE: &str = "whole";

    /// The name of its files: that of its source in `frontend/src/bin`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Administrator => "administrator",
            Self::Exchange => "exchange",
            Self::Configuration => "configuration",
            Self::Gallery => "gallery",
            Self::Company => "company",
            Self::Person => "person",
            Self::Calls => "calls",
            Self::Billing => "billing",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.name() == name)
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
            Pages::Anybodys | Pages::None => own,
        }
    }

    /// Whether there can be a page at `path`: other addresses are of files and of what the server does.
    #[must_use]
    pub fn is_page(path: &str) -> bool {
        !matches!(Pages::of(path), Pages::None)
    }

    /// Whether the page at `path` is this one's, for somebody of this kind: otherwise the browser loads it with its own. A page of
    /// both kinds of self-care is not, where somebody came upon a page of the other kind and goes back to theirs. What is no page
    /// is left to whoever takes people there.
    #[must_use]
    pub fn has(self, path: &str, who: Option<Audience>) -> bool {
        !Self::is_page(path) || Self::of(path, who) == self
    }
}

/// In which programs a page is.
enum Pages {
    /// In this one alone.
    One(Program),
    /// In both of self-care.
    SelfCare,
    /// In each one's own, as the profile.
    Anybodys,
    /// There is no page.
    None,
}

impl Pages {
    fn of(path: &str) -> Self {
        let mut parts = path.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/').split('/');
        let (area, page) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match (area, page) {
            ("sign-in", _) => Self::One(Program::SignIn),
            ("admin", "gallery") => Self::One(Program::Gallery),
            ("admin", page) if OF_EXCHANGE.contains(&page) => Self::One(Program::Exchange),
            ("admin", page) if OF_CONFIGURATION.contains(&page) => Self::One(Program::Configuration),
            ("admin", _) => Self::One(Program::Administrator),
            ("self-care", page) if OF_PERSONS.contains(&page) => Self::One(Program::Person),
            ("self-care", page) if OF_COMPANIES.contains(&page) => Self::One(Program::Company),
            ("self-care", page) if OF_CALLS.contains(&page) => Self::One(Program::Calls),
            ("self-care", page) if OF_BILLING.contains(&page) => Self::One(Program::Billing),
            ("self-care", _) => Self::SelfCare,
            ("profile", _) => Self::Anybodys,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYBODY: [Option<Audience>; 4] =
        [None, Some(Audience::Administrator), Some(Audience::Customer), Some(Audience::Account)];

    #[test]
    fn every_program_has_its_source_and_no_source_is_without_one() {
        let sources = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../frontend/src/bin")).unwrap();
        let mut sources: Vec<_> =
            sources.map(|source| source.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
        let mut named: Vec<_> = Program::ALL.map(Program::name).into_iter().chain([Program::WHOLE]).collect();
        sources.sort();
        named.sort();
        assert_eq!(sources, named);
    }

    #[test]
    fn a_page_is_taken_over_by_the_program_that_has_it() {
        for who in EVERYBODY {
            let of = |path| Program::of(path, who);
            assert_eq!(of("/sign-in?then=/admin"), Program::SignIn, "{who:?}");
            assert_eq!(
                (of("/admin"), of("/admin/customers?q=a")),
                (Program::Administrator, Program::Administrator),
                "{who:?}"
            );
            assert_eq!((of("/admin/gallery"), of("/self-care/phone")), (Program::Gallery, Program::Person), "{who:?}");
            assert_eq!(of("/self-care/huntgroups/1#a"), Program::Company, "{who:?}");
            assert_eq!((of("/admin/roles/1"), of("/admin/rolesand")), (Program::Configuration, Program::Administrator));
            assert_eq!(of("/self-care/payments/return?payment=1"), Program::Billing, "{who:?}");
        }
    }

    #[test]
    fn pages_that_several_have_are_in_each_ones_own_program() {
        for path in ["/self-care", "/self-care/history", "/profile"] {
            assert_eq!(Program::of(path, Some(Audience::Customer)), Program::Company);
            assert_eq!(Program::of(path, Some(Audience::Account)), Program::Person);
        }
        assert_eq!(Program::of("/profile", Some(Audience::Administrator)), Program::Administrator);
        assert_eq!(Program::of("/administration", None), Program::SignIn);
    }

    #[test]
    fn what_is_no_page_is_left_alone() {
        for program in Program::ALL {
            for path in ["/recordings/1.webm#t=1.000", "/theme/dark", "/healthz", "/administration"] {
                assert!(program.has(path, Some(Audience::Account)), "{program:?} {path}");
            }
        }
        assert!(["/profile", "/admin", "/self-care/calls?q=1", "/sign-in"].into_iter().all(Program::is_page));
    }

    #[test]
    fn who_came_upon_a_page_of_others_goes_back_to_their_own_program() {
        let (administrator, account) = (Some(Audience::Administrator), Some(Audience::Account));
        assert!(!Program::Company.has("/self-care", account) && !Program::Administrator.has("/profile", account));
        assert!(
            !Program::Gallery.has("/profile", administrator) && !Program::Person.has("/self-care/numbers", account)
        );
        assert!(Program::Person.has("/self-care/calls-of-old", account) && Program::Person.has("/profile", account));
    }
}
