//! Data to try Tandem with (DESIGN "Demo data"), and data to measure it with.

use std::str::FromStr;

use tandem_domain::{
    access::{AccessRole, Scope, Tenant},
    account::Account,
    administrator::Administrator,
    class::{CustomerClass, Notification},
    customer::{Billing, Customer},
    huntgroup::{Huntgroup, Member, RingStrategy},
    ids::{AccountId, ClassId, CustomerId, RoleId, Timestamp},
    list::Query,
    locale::{Currency, Locale, TimeZone},
    numbers::NumberError,
    settings::{Setting, Value},
};

use crate::{Change, Store, StoreError, classes, password, roles, sign_ins::NewSignIn};

mod bulk;
mod bulk_money;
mod calls;
mod money;
mod recordings;

pub use bulk::bulk;
pub use bulk_money::{bulk_money, bulk_postings};
pub use calls::bulk_calls;
pub use recordings::bulk_recordings;

/// The password of everybody in the demonstration data, and of all their phones.
pub const PASSWORD: &str = "tandem-demo";

/// Fills an empty database with the demonstration data of DESIGN. Tells whether it did: a database with any customer or
/// administrator in it is left as it is.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn fill(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    let customers = store.counts().customers(Scope::for_system()).await?;
    let administrators = store.administrators().list(&Query::default()).await?;
    if customers.open + customers.suspended + customers.blocked + customers.closed > 0 || administrators.count > 0 {
        return Ok(false);
    }
    // One hash for all: it takes its time, and there is nothing to hide.
    let hash = tokio::task::spawn_blocking(|| password::hash(PASSWORD)).await;
    let no_hash = |error: String| StoreError::Database(sqlx::Error::Protocol(error));
    let hash = hash.map_err(|error| no_hash(error.to_string()))?.map_err(|error| no_hash(error.to_string()))?;
    let demo = Demo { store, change: Change::by_system(now), hash };
    demo.administrator().await?;
    let abc = demo.abc().await?;
    let panda = demo.panda().await?;
    money::fill(store, now, abc, panda).await?;
    Ok(true)
}

/// The filling of an empty database.
struct Demo<'a> {
    store: &'a Store,
    change: Change<'static>,
    hash: String,
}

impl Demo<'_> {
    async fn administrator(&self) -> Result<(), StoreError> {
        let administrator = Administrator::new("Administrator", "admin@tandem.example", roles::ADMINISTRATOR);
        self.store.administrators().create(&administrator, &self.sign_in("admin")?, &self.change).await.map(drop)
    }

    async fn abc(&self) -> Result<Tenant, StoreError> {
        let business = CustomerClass {
            name: "Business".into(),
            notifications: vec![Notification::NewCallRecording],
            recordings_kept_days: None,
        };
        let business = self.store.classes().create(&business, &self.change).await?;
        let abc = self.customer("ABC", "abc", business).await?;
        self.set(abc, None, Setting::CallSupervision).await?;
        self.set(abc, None, Setting::DialingRulesOption).await?;
        let payer = self.store.roles().create(&AccessRole::payer(), &self.change).await?;
        let adam = self.account(abc, "Adam", "", "701", roles::ACCOUNT).await?;
        self.account(abc, "Mary", "Smith", "702", payer).await?;
        let john = self.account(abc, "John", "", "744", roles::ACCOUNT).await?;
        let olivia = self.account(abc, "Olivia", "", "745", roles::ACCOUNT).await?;
        let peter = self.account(abc, "Peter", "", "746", roles::ACCOUNT).await?;
        self.set(abc, Some(john), Setting::RecordManually).await?;
        self.set(abc, Some(john), Setting::RecordByEmail).await?;
        let agent = |account| Member { account, supervision_allowed: false, never_supervise: false };
        let manager = Member { supervision_allowed: true, ..agent(adam) };
        let support = vec![manager, agent(john), agent(olivia)];
        self.huntgroup(abc, "Support", "7700", RingStrategy::Simultaneous, support).await?;
        self.huntgroup(abc, "Sales", "7710", RingStrategy::Order, vec![agent(olivia), agent(peter)]).await?;
        // The first is what the outside sees of accounts that have no number of their own.
        for (number, extension) in [
            ("+3225550700", "7700"),
            ("+3225550710", "7710"),
            ("+3225550744", "744"),
            ("+3225550702", "702"),
            ("+3225550701", "701"),
        ] {
            self.public_number(abc, number, extension).await?;
        }
        Ok(abc)
    }

    async fn panda(&self) -> Result<Tenant, StoreError> {
        let panda = self.customer("Panda", "panda", classes::STANDARD).await?;
        for (first, last, extension) in [("Lin", "Wu", "801"), ("Mei", "Chen", "802"), ("Bao", "Li", "803")] {
            let account = account(panda, first, last, extension, "panda.example")?;
            let id = self.store.accounts().create(panda, &account, None, &self.change).await?;
            self.store.accounts().set_sip_password(panda, id, None, PASSWORD, &self.change).await?;
        }
        Ok(panda)
    }

    /// A customer with a sign-in of its prefix.
    async fn customer(&self, name: &str, prefix: &str, class: ClassId) -> Result<Tenant, StoreError> {
        let customer = Customer {
            name: name.into(),
            email: format!("office@{prefix}.example"),
            sip_prefix: prefix.into(),
            currency: Currency::Eur,
            billing: Billing::Postpaid,
            class,
            locale: Locale::default(),
            time_zone: TimeZone::default(),
            role: roles::CUSTOMER,
        };
        let id = self.store.customers().create(&customer, Some(&self.sign_in(prefix)?), &self.change).await?;
        Ok(Tenant::for_system(id))
    }

    /// An account of ABC with a sign-in of its first name and a SIP password.
    async fn account(
        &self,
        tenant: Tenant,
        first: &str,
        last: &str,
        extension: &str,
        role: RoleId,
    ) -> Result<AccountId, StoreError> {
        let account = Account { role, ..account(tenant, first, last, extension, "abc.example")? };
        let sign_in = self.sign_in(&first.to_lowercase())?;
        let id = self.store.accounts().create(tenant, &account, Some(&sign_in), &self.change).await?;
        self.store.accounts().set_sip_password(tenant, id, None, PASSWORD, &self.change).await?;
        Ok(id)
    }

    async fn huntgroup(
        &self,
        tenant: Tenant,
        name: &str,
        number: &str,
        strategy: RingStrategy,
        members: Vec<Member>,
    ) -> Result<(), StoreError> {
        let mut group = Huntgroup::parse(name, number, strategy.key(), "20").map_err(StoreError::Refused)?;
        group.members = members;
        self.store.huntgroups(tenant).create(&group, &self.change).await.map(drop)
    }

    /// A number that rings an extension.
    async fn public_number(&self, tenant: Tenant, number: &str, extension: &str) -> Result<(), StoreError> {
        let (number, extension) = (typed("number", number)?, typed("extension", extension)?);
        self.store.public_numbers().create(tenant, &number, &extension, &self.change).await
    }

    /// Turns a setting on.
    async fn set(&self, tenant: Tenant, account: Option<AccountId>, setting: Setting) -> Result<(), StoreError> {
        let on = Some(Value::Switch(true));
        self.store.settings(tenant).set(account, setting, on, None, &self.change).await.map(drop)
    }

    fn sign_in(&self, name: &str) -> Result<NewSignIn, StoreError> {
        let name =
            name.parse().map_err(|error: tandem_domain::error::FieldError| StoreError::refused("sign_in", error.0))?;
        Ok(NewSignIn { name, password_hash: self.hash.clone() })
    }
}

/// A number from its text.
fn typed<N: FromStr<Err = NumberError>>(field: &str, number: &str) -> Result<N, StoreError> {
    number.parse().map_err(|error: NumberError| StoreError::refused(field, error.to_string()))
}

fn account(tenant: Tenant, first: &str, last: &str, extension: &str, domain: &str) -> Result<Account, StoreError> {
    let extension = typed("extension", extension)?;
    let customer: CustomerId = tenant.customer();
    Ok(Account {
        customer,
        first_name: first.into(),
        last_name: last.into(),
        email: format!("{}@{domain}", first.to_lowercase()),
        extension,
        expires_on: None,
        role: roles::ACCOUNT,
        dialing_rule: None,
    })
}
