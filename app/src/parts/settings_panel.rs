//! Service settings that are saved at once: a switch or a choice per setting, where its value comes from, and the way back
//! to the inherited one. The same panel for a customer's defaults, an account's own values, and the account itself.
//!
//! ```ignore
//! settings_panel(Owner::account(customer, account), &effective, &Setting::RECORDING)
//! ```

use leptos::{prelude::*, server_fn::ServerFn};
use tandem_domain::{
    access::Audience,
    ids::{AccountId, CustomerId},
    settings::{Effective, Setting, Source, Value},
    supervision::Notice,
};

use crate::{
    context::me,
    error::AppError,
    parts::owner::Owner,
    post::Done,
    ui::{InstantSelect, InstantSwitch},
};

/// What forms and the undo write for "no value of its own".
const INHERITED: &str = "inherited";

/// Sets one setting, or takes its value away (`inherited`), if it still is what the person saw (`was`).
///
/// # Errors
/// [`AppError::Refused`] when it is something else by now, saying what; [`AppError::Forbidden`] without the setting's
/// permission.
#[server(endpoint = "setting_save")]
pub async fn setting_save(
    /// Whose: the customer.
    customer: CustomerId,
    /// The account; none for the customer itself.
    #[server(default)]
    account: Option<AccountId>,
    /// Which setting: its key.
    setting: String,
    /// The value that the person saw.
    was: String,
    /// The new value, or `inherited`.
    value: String,
) -> Result<Done, AppError> {
    use crate::{post::Undo, server::ask::Ask};

    let ask = Ask::now()?;
    let owner = Owner { customer, account };
    let tenant = owner.tenant(&ask)?;
    let setting = Setting::from_key(&setting).ok_or_else(|| AppError::NotFound("setting".into()))?;
    ask.modify(setting.permission())?;
    let (seen, new) = (parse_stored(setting, &was)?, parse_stored(setting, &value)?);
    let settings = ask.store().settings(tenant);
    let before = match settings.set(account, setting, new, Some(seen), &ask.change()).await {
        Ok(before) => before,
        Err(tandem_store::StoreError::Stale(stale)) => {
            let now = effective(&ask, owner).await?.into_iter().find(|effective| effective.setting == setting);
            let now = now.map_or("", |effective| effective.value.label());
            let (label, by) = (label(setting, ask.me.audience()), ask.name_of(stale.by, stale.by_staff));
            return Err(AppError::Refused(format!(
                "{by} changed “{label}” meanwhile: it is “{now}” now. Nothing was overwritten."
            )));
        }
        Err(error) => return Err(ask.tell(owner.noun(), error)),
    };
    let label = label(setting, ask.me.audience());
    let toast = match new {
        Some(value) => format!("{label}: {}", value.label()),
        None => format!("{label}: no value of its own any more"),
    };
    let (is, was) = (stored_key(new), stored_key(before));
    let fields = owner.undo_fields(&[("setting", setting.key()), ("was", is), ("value", was)]);
    Ok(Done::say(toast).undo(Undo { to: SettingSave::PATH.into(), fields }))
}

/// What a setting is called for people of a kind.
const fn label(setting: Setting, reader: Audience) -> &'static str {
    match reader {
        Audience::Account => setting.own_label(),
        Audience::Administrator | Audience::Customer => setting.label(),
    }
}

/// A stored value as forms write it.
const fn stored_key(stored: Option<Value>) -> &'static str {
    match stored {
        Some(value) => value.key(),
        None => INHERITED,
    }
}

/// Reads what [`stored_key`] writes.
#[cfg(feature = "ssr")]
fn parse_stored(setting: Setting, text: &str) -> Result<Option<Value>, AppError> {
    if text == INHERITED {
        return Ok(None);
    }
    let parsed = setting.parse(text).map(Some);
    parsed.map_err(|error| tandem_domain::error::FieldErrors::one("value", error.0).into())
}

/// The settings of a customer or an account that the person who asks may see.
///
/// # Errors
/// [`AppError::NotFound`]; faults on our side.
#[cfg(feature = "ssr")]
pub(crate) async fn effective(ask: &crate::server::ask::Ask, owner: Owner) -> Result<Vec<Effective>, AppError> {
    let settings = ask.store().settings(owner.tenant(ask)?);
    let all = match owner.account {
        Some(account) => settings.effective_for(account).await,
        None => settings.effective().await,
    };
    let all = all.map_err(|error| ask.tell(owner.noun(), error))?;
    let shown = |effective: &Effective| {
        let setting = effective.setting;
        ask.me.sees(setting.permission()) && (owner.account.is_none() || setting.inheritable())
    };
    Ok(all.into_iter().filter(shown).collect())
}

/// The settings of `which`, in its order, as rows; `None` when the role shows none of them.
pub fn settings_panel(of: Owner, effective: &[Effective], which: &[Setting]) -> Option<AnyView> {
    let own = me().audience() == Audience::Account;
    let rows: Vec<AnyView> = which
        .iter()
        .filter_map(|setting| effective.iter().find(|effective| effective.setting == *setting))
        .map(|effective| row(of, effective, own))
        .collect();
    (!rows.is_empty()).then(|| rows.into_any())
}

fn row(of: Owner, effective: &Effective, own: bool) -> AnyView {
    let setting = effective.setting;
    let stored = if of.account.is_some() { effective.account } else { effective.customer };
    let mut fields = of.fields();
    fields.push(("setting", setting.key().to_owned()));
    fields.push(("was", stored_key(stored).to_owned()));
    let label = label(setting, me().audience());
    let reset = stored.is_some().then(|| vec![("value", INHERITED.to_owned())]);
    let reset_label = if of.account.is_some() { "Use the inherited value" } else { "Use the default" };
    let source = source(of, effective, own);
    match effective.value {
        Value::Switch(on) => view! {
            <InstantSwitch
                to=SettingSave::PATH
                fields=fields
                name="value"
                on=on
                label=label
                help=setting.help()
                field=setting.permission()
                source=source
                reset=reset
                reset_label=reset_label
            />
        }
        .into_any(),
        Value::Notice(notice) => view! {
            <InstantSelect
                to=SettingSave::PATH
                fields=fields
                name="value"
                value=notice.key()
                options=Notice::ALL.into_iter().map(|notice| (notice.key().to_owned(), notice.label().to_owned())).collect()
                label=label
                help=setting.help()
                field=setting.permission()
                source=source
                reset=reset
                reset_label=reset_label
            />
        }
        .into_any(),
    }
}

/// Where the value in effect comes from, and what would be in effect without the own one.
fn source(of: Owner, effective: &Effective, own: bool) -> String {
    let default = effective.setting.default_value();
    let above = effective.customer.unwrap_or(default).label();
    let customer = if own { "company" } else { "customer" };
    match (effective.source, of.account) {
        (Source::Account, _) => format!("Own value; the {customer} has “{above}”"),
        (Source::Customer, Some(_)) => format!("From the {customer}"),
        (Source::Customer, None) => format!("Set here; the default is “{}”", default.label()),
        (Source::Default, _) => "Default".into(),
    }
}
