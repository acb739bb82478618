//! Who is signed in, and what may they see and change.
//!
//! Permissions are a tree: entity → panel → field. An access role gives a [`Level`] to any node; the deepest node that has
//! one decides, and the role's own base level decides where none has. Every field that a page shows or a server function
//! writes is a [`Field`]; [`Principal::level`] is the one check that hides it, disables its control and refuses the request.
//!
//! To add a field: add it to the `fields!` table below. The page for roles shows it by itself, and the compiler shows every
//! place that has to think about it.

mod ceiling;
mod principal;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::principal::{Principal, Scope, Tenant, Who};
use crate::{error::FieldErrors, field};

/// What a person may do with a field. Ordered: more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Neither sees nor changes it; the interface does not show that it exists.
    Forbidden,
    /// Sees it.
    View,
    /// Sees and changes it.
    Modify,
}

impl Level {
    /// All levels, the least first.
    pub const ALL: [Self; 3] = [Self::Forbidden, Self::View, Self::Modify];

    /// The name used in forms and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::View => "view",
            Self::Modify => "modify",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Forbidden => "Forbidden",
            Self::View => "View only",
            Self::Modify => "Modify",
        }
    }
}

/// The three kinds of people that sign in, each with roles of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The provider's staff.
    Administrator,
    /// A company's own administrator.
    Customer,
    /// An end user.
    Account,
}

impl Audience {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Administrator, Self::Customer, Self::Account];

    /// The name used in forms and in the store.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Customer => "customer",
            Self::Account => "account",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.key() == key)
    }

    /// The name in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Administrator => "Administrators",
            Self::Customer => "Customers",
            Self::Account => "Accounts",
        }
    }
}

/// A field's place in the tree and the people that it exists for.
#[derive(Debug)]
pub struct FieldInfo {
    /// `entity/panel/field`, as roles store it.
    pub path: &'static str,
    /// The entity's name in the interface.
    pub entity: &'static str,
    /// The panel's name in the interface.
    pub panel: &'static str,
    /// The field's name in the interface.
    pub label: &'static str,
    /// Whom the field exists for; for others it is always [`Level::Forbidden`].
    pub audiences: &'static [Audience],
}

macro_rules! fields {
    ($( $entity:literal $entity_label:literal { $( $panel:literal $panel_label:literal {
        $( $(#[$doc:meta])* $field:ident $key:literal $label:literal [$($audience:ident),+] ; )+
    } )+ } )+) => {
        /// Everything that a permission can be given for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Field { $($($( $(#[$doc])* $field, )+)+)+ }

        impl Field {
            /// All fields, in the order of the tree.
            pub const ALL: &'static [Self] = &[$($($( Self::$field, )+)+)+];

            /// The field's place, words and people.
            #[must_use]
            pub const fn info(self) -> &'static FieldInfo {
                match self { $($($(
                    Self::$field => &FieldInfo {
                        path: concat!($entity, "/", $panel, "/", $key),
                        entity: $entity_label,
                        panel: $panel_label,
                        label: $label,
                        audiences: &[$(Audience::$audience),+],
                    },
                )+)+)+ }
            }
        }
    };
}

fields! {
    "customer" "Customer" {
        "general" "General" {
            /// Name of the customer.
            CustomerName "name" "Name" [Administrator, Customer];
            /// The customer's e-mail address.
            CustomerEmail "email" "E-mail" [Administrator, Customer];
            /// Language and time zone.
            CustomerLocale "locale" "Language and time zone" [Administrator, Customer];
            /// Currency, prepaid or postpaid, class.
            CustomerBilling "billing" "Billing and customer class" [Administrator];
            /// SIP prefix.
            CustomerSipPrefix "sip_prefix" "SIP prefix" [Administrator];
            /// Status with its history.
            CustomerStatus "status" "Status" [Administrator];
        }
        "sign_in" "Sign-in" {
            /// The customer's self-care sign-in and role.
            CustomerSignIn "self_care" "Self-care sign-in and role" [Administrator];
        }
        "voice_calls" "Services > Voice calls" {
            /// The Call supervision toggle.
            CallSupervision "call_supervision" "Call supervision" [Administrator, Customer];
            /// Notice policy per mode.
            NoticePolicy "notice_policy" "Notice policy" [Administrator, Customer];
            /// Which dialing rule the customer has.
            CustomerDialingRule "dialing_rule" "Dialing rule" [Administrator];
            /// Whether the customer may write a custom rule.
            DialingRulesOption "dialing_rules_option" "Dialing rules option" [Administrator];
            /// The customer's custom rule.
            CustomRule "custom_rule" "Custom rule" [Administrator, Customer];
        }
    }
    "account" "Account" {
        "general" "General" {
            /// Name and e-mail address of the person.
            AccountProfile "profile" "Name and e-mail" [Administrator, Customer, Account];
            /// The extension.
            AccountExtension "extension" "Extension" [Administrator, Customer];
            /// Status, with history, and expiry.
            AccountStatus "status" "Status and expiry" [Administrator, Customer];
        }
        "sign_in" "Sign-in" {
            /// Self-care sign-in.
            AccountSignIn "self_care" "Self-care sign-in" [Administrator, Customer];
            /// The access role of the account.
            AccountRole "role" "Access role" [Administrator];
            /// The phone's SIP password.
            SipPassword "sip_password" "SIP password" [Administrator, Customer];
        }
        "dialing" "Dialing" {
            /// A dialing rule of the account's own.
            AccountDialingRule "dialing_rule" "Dialing rule" [Administrator];
            /// The codes in effect.
            ServiceCodes "service_codes" "My service codes" [Administrator, Customer, Account];
        }
        "recording" "Call recording" {
            /// The three auto-record switches.
            RecordAutomatically "automatic" "Auto record" [Administrator, Customer, Account];
            /// Manual start and stop.
            RecordManually "manual" "Allow to start/stop recording manually" [Administrator, Customer, Account];
            /// The announcement.
            RecordAnnouncement "announcement" "Play the call recording announcement to all" [Administrator, Customer, Account];
            /// Recordings by e-mail.
            RecordByEmail "email" "Send the call recording via email" [Administrator, Customer, Account];
            /// Recording privacy.
            RecordAccountOnly "account_only" "Show the call recording to account only" [Administrator, Customer, Account];
        }
    }
    "ip_centrex" "IP Centrex" {
        "huntgroups" "Huntgroups" {
            /// Name, number, strategy, ring time.
            Huntgroups "settings" "Settings" [Administrator, Customer];
            /// Who is a member, and in which order.
            HuntgroupMembers "members" "Members" [Administrator, Customer];
            /// Supervision allowed and Never supervise.
            HuntgroupSupervision "supervision" "Supervision allowed, never supervise" [Administrator, Customer];
        }
    }
    "exchange" "Exchange" {
        "calls" "Calls" {
            /// The calls that are going on.
            LiveCalls "live" "Live calls" [Administrator, Customer];
            /// Ending a call that is going on.
            EndCall "end" "End a call" [Administrator];
            /// The supervisor's console and the wallboard: a manager's agents, or all of the company's calls. Who may join
            /// one is marked in the huntgroups.
            SupervisorConsole "console" "Supervisor console and wallboard" [Administrator, Customer, Account];
            /// The records of calls: all, the company's, or one's own.
            CallHistory "history" "Call history and quality" [Administrator, Customer, Account];
            /// A call's signalling, message by message.
            SipLadder "sip_ladder" "SIP ladder" [Administrator];
        }
        "phones" "Phones" {
            /// Which phones are registered, and from where.
            Registrations "registrations" "Registrations" [Administrator, Customer];
        }
        "numbers" "Public numbers" {
            /// Which number rings where.
            PublicNumbers "public_numbers" "Public numbers" [Administrator, Customer];
        }
    }
    "recordings" "Call recordings" {
        "recordings" "Call recordings" {
            /// Recordings of calls: all, the company's, or one's own. To modify is to delete.
            Recordings "recordings" "List, play and (modify) delete" [Administrator, Customer, Account];
        }
    }
    "billing" "Billing" {
        "invoices" "Invoices" {
            /// Invoices: all, or the company's.
            Invoices "invoices" "List and download" [Administrator, Customer, Account];
            /// Issuing and withdrawing invoices.
            InvoiceIssuing "issuing" "Issue and withdraw" [Administrator];
        }
        "payments" "Payments" {
            /// Payments: all, or the company's. To modify is to pay.
            Payments "payments" "List and (modify) pay" [Administrator, Customer, Account];
            /// Saved cards. To modify is to add, choose the default and remove.
            PaymentMethods "methods" "Saved cards" [Administrator, Customer, Account];
            /// What is paid automatically.
            AutoPayment "auto_payment" "Automatic payment" [Administrator, Customer, Account];
            /// Giving money back.
            Refunds "refunds" "Refunds" [Administrator];
        }
        "ledger" "Ledger" {
            /// Balances, transactions and the ledger's check.
            Ledger "ledger" "Transactions and check" [Administrator];
            /// Corrections of balances; credit limits.
            Adjustments "adjustments" "Adjustments and credit limits" [Administrator];
        }
        "e_payments" "Financial > E-payments" {
            /// Payment systems.
            PaymentSystems "systems" "Payment systems" [Administrator];
        }
    }
    "configuration" "Configuration" {
        "classes" "Customer classes" {
            /// Classes and their notifications.
            Classes "settings" "Settings and notifications" [Administrator];
        }
        "roles" "Access roles" {
            /// Access roles.
            Roles "settings" "Roles and permissions" [Administrator];
        }
        "dialing_rules" "Dialing rules" {
            /// The provider's dialing rules.
            DialingRules "settings" "Rules and codes" [Administrator];
        }
        "administrators" "Administrators" {
            /// The provider's staff.
            Administrators "settings" "Administrators" [Administrator];
        }
        "mail" "E-mail" {
            /// The outbox: what was sent, what waits, and what failed. To modify is to have it tried again.
            Outbox "outbox" "Outbox" [Administrator];
        }
    }
    "audit" "Audit" {
        "log" "Audit log" {
            /// Who changed what.
            AuditLog "view" "Audit log" [Administrator, Customer];
        }
    }
}

impl Field {
    /// The nodes on the way to the field: `entity`, `entity/panel`, `entity/panel/field`.
    pub fn nodes(self) -> impl DoubleEndedIterator<Item = &'static str> {
        let path = self.info().path;
        let first = path.find('/').unwrap_or(path.len());
        let second = path.rfind('/').unwrap_or(path.len());
        [&path[..first], &path[..second], path].into_iter()
    }
}

/// An access role: which people it is for, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRole {
    /// What the provider's staff call it.
    pub name: String,
    /// Whom it can be assigned to.
    pub audience: Audience,
    /// The level of every field that no entry speaks of.
    pub base: Level,
    /// Levels of nodes by path: an entity, a panel or a field.
    pub entries: BTreeMap<String, Level>,
}

impl AccessRole {
    /// The built-in roles; they cannot be changed, only copied.
    #[must_use]
    pub fn built_in() -> [Self; 4] {
        let entries = |list: &[(Field, Level)]| {
            list.iter().map(|(field, level)| (field.info().path.to_owned(), *level)).collect::<BTreeMap<_, _>>()
        };
        [
            Self {
                name: "Administrator".into(),
                audience: Audience::Administrator,
                base: Level::Modify,
                entries: BTreeMap::new(),
            },
            Self {
                name: "Read-only administrator".into(),
                audience: Audience::Administrator,
                base: Level::View,
                entries: BTreeMap::new(),
            },
            Self {
                name: "Customer".into(),
                audience: Audience::Customer,
                base: Level::Modify,
                entries: entries(&[
                    (Field::CustomerName, Level::View),
                    (Field::CallSupervision, Level::View),
                    (Field::NoticePolicy, Level::View),
                    (Field::RecordAccountOnly, Level::Forbidden),
                    (Field::PublicNumbers, Level::View),
                    (Field::Invoices, Level::View),
                ]),
            },
            Self {
                name: "Account".into(),
                audience: Audience::Account,
                base: Level::View,
                entries: entries(&[
                    (Field::AccountProfile, Level::Modify),
                    (Field::RecordAutomatically, Level::View),
                    (Field::RecordByEmail, Level::Modify),
                    (Field::RecordAccountOnly, Level::Forbidden),
                    (Field::Invoices, Level::Forbidden),
                    (Field::Payments, Level::Forbidden),
                    (Field::PaymentMethods, Level::Forbidden),
                    (Field::AutoPayment, Level::Forbidden),
                ]),
            },
        ]
    }

    /// A role for an account that pays its company's invoices: the built-in role of accounts, and all that a customer may do
    /// with invoices, payments and cards.
    #[must_use]
    pub fn payer() -> Self {
        let [.., account] = Self::built_in();
        let mut entries = account.entries;
        for (field, level) in [
            (Field::Invoices, Level::View),
            (Field::Payments, Level::Modify),
            (Field::PaymentMethods, Level::Modify),
            (Field::AutoPayment, Level::Modify),
        ] {
            entries.insert(field.info().path.to_owned(), level);
        }
        Self { name: "Payer".into(), entries, ..account }
    }

    /// What the role lets its people do with a field: the deepest entry on the field's way decides, else the base.
    #[must_use]
    pub fn level(&self, field: Field) -> Level {
        if !field.info().audiences.contains(&self.audience) {
            return Level::Forbidden;
        }
        field.nodes().rev().find_map(|node| self.entries.get(node).copied()).unwrap_or(self.base)
    }

    /// Checks what was typed into the form of a role. Entries of unknown nodes are refused, not ignored: a role that says
    /// less than its author thinks is a hole.
    ///
    /// # Errors
    /// What is wrong, per field: `name`, `audience`, `base`, or `entries`.
    pub fn parse(
        name: &str,
        audience: &str,
        base: &str,
        entries: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", field::name(name));
        let audience = Audience::from_key(audience);
        if audience.is_none() {
            errors.add("audience", "Choose whom the role is for.");
        }
        let base = Level::from_key(base);
        if base.is_none() {
            errors.add("base", "Choose a level.");
        }
        let mut parsed = BTreeMap::new();
        for (path, level) in entries {
            // An empty level is "inherit": no entry.
            if level.is_empty() {
                continue;
            }
            let known = Field::ALL.iter().any(|field| field.nodes().any(|node| node == path));
            match (known, Level::from_key(&level)) {
                (true, Some(level)) => {
                    parsed.insert(path, level);
                }
                (false, _) | (true, None) => {
                    errors.add("entries", "This role names a permission that does not exist; reload the page.")
                }
            }
        }
        let (Some(name), Some(audience), Some(base)) = (name, audience, base) else { return Err(errors) };
        errors.into_result().map(|()| Self { name, audience, base, entries: parsed })
    }
}
