//! A database of its own for every story, and short ways to fill it.

use std::sync::atomic::{AtomicI64, Ordering};

use tandem_domain::{
    access::{Scope, Tenant, Who},
    account::Account,
    administrator::Administrator,
    audit::{AuditRow, FieldChange},
    customer::{Billing, Customer},
    huntgroup::{Huntgroup, Member},
    ids::{AccountId, AdministratorId, HuntgroupId, RoleId, Timestamp},
    locale::{Currency, Locale, TimeZone},
};
use tandem_store::{
    Change, Options, StaleEdit, Store, StoreError, audit::AuditFilters, classes, roles, sign_ins::NewSignIn,
};
use tandem_test_database::on_postgresql;

/// Makes two tests of each story: one on each database.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {$(
        mod $story {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                crate::world::tell_on_sqlite(super::$story).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                crate::world::tell_on_postgres(super::$story).await;
            }
        }
    )+};
}

/// A store with its tables, and a clock that goes on a second with each change.
pub struct World {
    pub store: Store,
    /// Where the database is, for a second store on it.
    pub url: String,
    clock: AtomicI64,
}

/// 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp(1_767_225_600_000);

pub async fn tell_on_sqlite<F: Future<Output = ()> + 'static>(story: fn(World) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("tandem.db").display());
    story(World::open(url).await).await;
}

pub async fn tell_on_postgres<F: Future<Output = ()>>(story: fn(World) -> F) {
    on_postgresql(async |url| story(World::open(url).await).await).await;
}

impl World {
    async fn open(url: String) -> Self {
        let store = Store::connect(&url, &Options::default()).await.unwrap();
        store.migrate().await.unwrap();
        Self { store, url, clock: AtomicI64::new(START.0) }
    }

    /// The next moment.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.fetch_add(1000, Ordering::Relaxed))
    }

    /// A change by the administrator.
    pub fn change(&self) -> Change<'static> {
        self.by("admin")
    }

    /// A change by somebody.
    pub fn by(&self, actor: &'static str) -> Change<'static> {
        Change { at: self.now(), actor, by_staff: actor == "admin", address: Some([192, 0, 2, 7].into()) }
    }

    pub async fn customer(&self, name: &str) -> Tenant {
        let id = self.store.customers().create(&customer(name), None, &self.change()).await.unwrap();
        Tenant::for_system(id)
    }

    pub async fn account(&self, tenant: Tenant, name: &str, extension: &str) -> AccountId {
        let account = account(tenant, name, extension);
        self.store.accounts().create(tenant, &account, None, &self.change()).await.unwrap()
    }

    pub async fn administrator(&self, name: &'static str, role: RoleId) -> AdministratorId {
        let administrator = Administrator::new(name, "", role);
        let sign_in = sign_in(&name.to_lowercase());
        self.store.administrators().create(&administrator, &sign_in, &self.change()).await.unwrap()
    }

    pub async fn huntgroup(&self, tenant: Tenant, name: &str, number: &str, members: &[AccountId]) -> HuntgroupId {
        let group = huntgroup(name, number, members);
        self.store.huntgroups(tenant).create(&group, &self.change()).await.unwrap()
    }

    /// The audit log, the oldest line first.
    pub async fn audit(&self) -> Vec<AuditRow> {
        let all = self.store.audit().export(Scope::for_system(), &AuditFilters::default(), None).await.unwrap();
        all.into_iter().rev().collect()
    }

    /// How many lines the audit log has.
    pub async fn lines(&self) -> usize {
        self.audit().await.len()
    }

    /// What the log says since it had `lines` lines: record, action, field, old value, new value.
    pub async fn told_since(&self, lines: usize) -> Vec<[String; 5]> {
        let tell = |row: AuditRow| [row.subject_name, row.action, row.change.field, row.change.old, row.change.new];
        self.audit().await.into_iter().skip(lines).map(tell).collect()
    }
}

/// Does all at once, and gives the results in order.
pub async fn at_once<T, F>(tasks: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in running {
        results.push(task.await.unwrap());
    }
    results
}

pub fn customer(name: &str) -> Customer {
    Customer {
        name: name.into(),
        email: String::new(),
        sip_prefix: name.chars().filter(char::is_ascii_alphabetic).take(12).collect::<String>().to_lowercase(),
        currency: Currency::Eur,
        billing: Billing::Postpaid,
        class: classes::STANDARD,
        locale: Locale::EnGb,
        time_zone: TimeZone::default(),
        role: roles::CUSTOMER,
    }
}

pub fn account(tenant: Tenant, name: &str, extension: &str) -> Account {
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    Account {
        customer: tenant.customer(),
        first_name: first.into(),
        last_name: last.into(),
        email: String::new(),
        extension: extension.parse().unwrap(),
        expires_on: None,
        role: roles::ACCOUNT,
        dialing_rule: None,
    }
}

pub fn huntgroup(name: &str, number: &str, members: &[AccountId]) -> Huntgroup {
    let mut group = Huntgroup::parse(name, number, "order", "20").unwrap();
    group.members = members.iter().copied().map(member).collect();
    group
}

pub fn member(account: AccountId) -> Member {
    Member { account, supervision_allowed: false, never_supervise: false }
}

pub fn sign_in(name: &str) -> NewSignIn {
    NewSignIn { name: name.parse().unwrap(), password_hash: format!("hash of {name}'s password") }
}

/// Gives somebody the sign-in that [`sign_in`] tells.
pub async fn give_sign_in(store: &Store, who: Who, name: &str, change: &Change<'_>) -> Result<(), StoreError> {
    let NewSignIn { name, password_hash } = sign_in(name);
    store.sign_ins().save(who, tandem_store::sign_ins::NONE_YET, &name, Some(&password_hash), None, change).await
}

pub fn changed(field: &str, old: &str, new: &str) -> FieldChange {
    FieldChange { field: field.into(), old: old.into(), new: new.into() }
}

/// What the second of two editors is told.
pub fn stale<T: std::fmt::Debug>(result: Result<T, StoreError>) -> StaleEdit {
    match result {
        Err(StoreError::Stale(stale)) => stale,
        other => panic!("not stale: {other:?}"),
    }
}

/// Why a record cannot be deleted.
pub fn in_use<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::InUse(words)) => words,
        other => panic!("not in use: {other:?}"),
    }
}

pub fn not_found<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::NotFound)), "found: {result:?}");
}

/// The words beside a field of a refused write.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, StoreError>, field: &str) -> String {
    match result {
        Err(StoreError::Taken(errors) | StoreError::Refused(errors)) => {
            errors.get(field).unwrap_or_else(|| panic!("no word about {field}: {errors}")).to_owned()
        }
        other => panic!("not refused: {other:?}"),
    }
}
