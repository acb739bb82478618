//! Whose calls does somebody see in the console? By the records, for pages and streams alike.

use std::collections::HashMap;

use tandem_domain::{
    access::{Field, Principal, Who},
    console::{Agent, Console, Sight, has_console},
    settings::Setting,
};
use tandem_store::{Store, StoreError};

use super::{Services, exchange::Exchange};

/// What a person sees; `None` when that person has no console.
///
/// # Errors
/// [`StoreError::Database`].
pub(crate) async fn sight(store: &Store, me: &Principal) -> Result<Option<Sight>, StoreError> {
    let Some(tenant) = me.own_tenant().filter(|_| has_console(me)) else { return Ok(None) };
    let groups: Vec<_> = store.huntgroups(tenant).all().await?.into_iter().map(|group| group.value).collect();
    let people = store.huntgroups(tenant).people().await?;
    let people: HashMap<_, _> = people.into_iter().map(|person| (person.account, person)).collect();
    let agent = |account| {
        let person = people.get(&account)?;
        Some(Agent { name: person.name.clone(), number: person.extension.to_string() })
    };
    let settings = store.settings(tenant).effective().await?;
    let enabled =
        settings.iter().any(|effective| effective.setting == Setting::CallSupervision && effective.value.is_on());
    Ok(match me.who {
        Who::Account { account, .. } => Some(Sight::of_manager(account, enabled, &groups, agent)),
        Who::Customer(_) => Some(Sight::of_company(enabled, &groups, agent)),
        Who::Administrator(_) => None,
    })
}

/// What a person sees at this moment.
pub(crate) fn now(exchange: &dyn Exchange, me: &Principal, sight: &Sight) -> Console {
    let Some(customer) = me.own_customer() else { return Console::default() };
    sight.console(&exchange.calls(Some(customer)), &exchange.phones(customer), me.sees(Field::AccountProfile))
}

/// The same, for who has the services at hand.
pub(crate) fn shown(services: &Services, me: &Principal, sight: &Sight) -> Console {
    now(&*services.exchange, me, sight)
}
