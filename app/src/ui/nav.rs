//! Where one can go: the entries of the navigation, by what the person's role lets them see.

use tandem_domain::{
    access::{Audience, Field, Principal},
    console::has_console,
};

use super::icon::Sign;

/// A page in the navigation.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// Its address.
    pub href: &'static str,
    /// Its name.
    pub label: &'static str,
    /// Its sign.
    pub sign: Sign,
    /// The fields of which the person must see one; empty: everybody.
    fields: &'static [Field],
}

/// Pages under one heading; an empty heading is none.
#[derive(Clone)]
pub(super) struct Group {
    /// The heading.
    pub label: &'static str,
    /// The pages.
    pub entries: Vec<Entry>,
}

const fn entry(href: &'static str, label: &'static str, sign: Sign, fields: &'static [Field]) -> Entry {
    Entry { href, label, sign, fields }
}

const ADMINISTRATOR: &[(&str, &[Entry])] = &[
    ("", &[entry("/admin", "Dashboard", Sign::Dashboard, &[])]),
    (
        "People",
        &[
            entry("/admin/customers", "Customers", Sign::Company, &[Field::CustomerName]),
            entry("/admin/accounts", "Accounts", Sign::Person, &[Field::AccountProfile, Field::AccountExtension]),
        ],
    ),
    (
        "Exchange",
        &[
            entry("/admin/calls", "Live calls", Sign::Live, &[Field::LiveCalls]),
            entry("/admin/registrations", "Registrations", Sign::Phone, &[Field::Registrations]),
            entry("/admin/xdrs", "xDRs", Sign::Calls, &[Field::CallHistory]),
            entry("/admin/recordings", "Recordings", Sign::Recording, &[Field::Recordings]),
        ],
    ),
    (
        "Financial",
        &[
            entry("/admin/invoices", "Invoices", Sign::Invoice, &[Field::Invoices]),
            entry("/admin/payments", "Payments", Sign::CreditCard, &[Field::Payments]),
            entry("/admin/transactions", "Transactions", Sign::Wallet, &[Field::Ledger]),
            entry("/admin/payment-systems", "E-payments", Sign::Settings, &[Field::PaymentSystems]),
        ],
    ),
    (
        "Configuration",
        &[
            entry("/admin/classes", "Customer classes", Sign::Layers, &[Field::Classes]),
            entry("/admin/roles", "Access roles", Sign::Shield, &[Field::Roles]),
            entry("/admin/dialing-rules", "Dialing rules", Sign::Keypad, &[Field::DialingRules]),
            entry("/admin/administrators", "Administrators", Sign::Staff, &[Field::Administrators]),
        ],
    ),
    (
        "Records",
        &[
            entry("/admin/mail", "E-mail", Sign::Mail, &[Field::Outbox]),
            entry("/admin/audit", "Audit log", Sign::Log, &[Field::AuditLog]),
        ],
    ),
];

/// In the demonstration, where no mail leaves the machine.
const DEMO_MAILBOX: (&str, &[Entry]) =
    ("Demonstration", &[entry("/self-care/mailbox", "Mailbox", Sign::Mail, &[Field::RecordByEmail])]);

/// As [`DEMO_MAILBOX`], of a customer itself.
const DEMO_COMPANY_MAILBOX: (&str, &[Entry]) =
    ("Demonstration", &[entry("/self-care/mailbox", "Mailbox", Sign::Mail, &[Field::Invoices])]);

const DEMO: (&str, &[Entry]) = ("Demonstration", &[entry("/admin/gallery", "Design system", Sign::Palette, &[])]);

/// What customers have, and accounts that pay for theirs.
const BILLING: &[Entry] = &[
    entry("/self-care/billing", "Billing", Sign::Wallet, &[Field::Invoices, Field::Payments]),
    entry("/self-care/invoices", "Invoices", Sign::Invoice, &[Field::Invoices]),
    entry("/self-care/payments", "Payments", Sign::CreditCard, &[Field::Payments]),
    entry("/self-care/cards", "Saved cards", Sign::Layers, &[Field::PaymentMethods]),
    entry("/self-care/auto-payment", "Automatic payment", Sign::Settings, &[Field::AutoPayment]),
];

const CUSTOMER: &[(&str, &[Entry])] = &[
    ("", &[entry("/self-care", "Dashboard", Sign::Dashboard, &[])]),
    (
        "IP Centrex",
        &[
            entry(
                "/self-care/extensions",
                "Extensions",
                Sign::Phone,
                &[Field::AccountExtension, Field::AccountProfile],
            ),
            entry("/self-care/huntgroups", "Huntgroups", Sign::People, &[Field::Huntgroups, Field::HuntgroupMembers]),
            entry("/self-care/dialing-rules", "Dialing rules", Sign::Keypad, &[Field::CustomRule, Field::ServiceCodes]),
        ],
    ),
    (
        "Calls",
        &[
            entry("/self-care/calls", "Live calls", Sign::Live, &[Field::LiveCalls]),
            entry("/self-care/console", "Supervisor console", Sign::Ear, &[Field::SupervisorConsole]),
            entry("/self-care/wallboard", "Wallboard", Sign::Device, &[Field::SupervisorConsole]),
            entry("/self-care/history", "Call history", Sign::Calls, &[Field::CallHistory]),
            entry("/self-care/recordings", "Call recordings", Sign::Recording, &[Field::Recordings]),
            entry("/self-care/numbers", "Public numbers", Sign::Number, &[Field::PublicNumbers]),
        ],
    ),
    ("Billing", BILLING),
    (
        "Company",
        &[
            entry("/self-care/company", "Company details", Sign::Company, &[Field::CustomerName, Field::CustomerEmail]),
            entry("/self-care/audit", "Audit log", Sign::Log, &[Field::AuditLog]),
        ],
    ),
];

const ACCOUNT: &[(&str, &[Entry])] = &[
    ("", &[entry("/self-care", "Home", Sign::Dashboard, &[])]),
    (
        "My telephone",
        &[
            entry("/self-care/phone", "Phone", Sign::Phone, &[]),
            entry("/self-care/history", "Call history", Sign::Calls, &[Field::CallHistory]),
            entry("/self-care/recordings", "Call recordings", Sign::Recording, &[Field::Recordings]),
            entry(
                "/self-care/recording",
                "Recording options",
                Sign::Settings,
                &[
                    Field::RecordAutomatically,
                    Field::RecordManually,
                    Field::RecordAnnouncement,
                    Field::RecordByEmail,
                    Field::RecordAccountOnly,
                ],
            ),
            entry("/self-care/codes", "My service codes", Sign::Keypad, &[Field::ServiceCodes]),
        ],
    ),
    (
        "Supervision",
        &[
            entry("/self-care/console", "Supervisor console", Sign::Ear, &[Field::SupervisorConsole]),
            entry("/self-care/wallboard", "Wallboard", Sign::Device, &[Field::SupervisorConsole]),
        ],
    ),
    ("Billing", BILLING),
    ("Me", &[entry("/profile", "Profile", Sign::Card, &[])]),
];

/// The navigation of a person.
pub(super) fn groups(me: &Principal, demo: bool) -> Vec<Group> {
    let (table, demonstration) = match me.audience() {
        Audience::Administrator => (ADMINISTRATOR, Some(&DEMO)),
        Audience::Customer => (CUSTOMER, Some(&DEMO_COMPANY_MAILBOX)),
        Audience::Account => (ACCOUNT, Some(&DEMO_MAILBOX)),
    };
    // The console is for managers, which no role says.
    let sees = |field: &Field| if *field == Field::SupervisorConsole { has_console(me) } else { me.sees(*field) };
    let seen = |entry: &&Entry| entry.fields.is_empty() || entry.fields.iter().any(sees);
    table
        .iter()
        .chain(demonstration.filter(|_| demo))
        .map(|(label, entries)| Group { label, entries: entries.iter().filter(seen).copied().collect() })
        .filter(|group| !group.entries.is_empty())
        .collect()
}

/// Whether a path is this entry's page, or a page below it. The start pages have none below them.
pub(super) fn is_at(href: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let start_page = href.matches('/').count() == 1;
    path == href || (!start_page && path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_current_on_the_pages_below_it_but_the_start_page_is_not() {
        assert!(is_at("/admin/customers", "/admin/customers"));
        assert!(is_at("/admin/customers", "/admin/customers/1/voice"));
        assert!(!is_at("/admin/customers", "/admin/customers-of-old"));
        assert!(is_at("/admin", "/admin/"));
        assert!(!is_at("/admin", "/admin/customers"));
    }
}
