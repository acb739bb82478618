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
pub async fn save_setting(
    customer: CustomerId,
    #[server(default)] account: Option<AccountId>,
    setting: String,
    was: String,
    value: String,
) -> Result<Done, AppError> {
    todo!()
}

/// The settings of `which`, in its order, as rows. Those that the role does not show are not there.
pub fn settings_panel(of: Owner, effective: &[Effective], which: &[Setting]) -> AnyView {
    let own = me().audience() == Audience::Account;
    which
        .iter()
        .filter_map(|setting| effective.iter().find(|effective| effective.setting == *setting))
        .map(|effective| row(of, effective, own))
        .collect_view()
        .into_any()
}

fn row(of: Owner, effective: &Effective, own: bool) -> AnyView {
    let setting = effective.setting;
    let stored = if of.account.is_some() { effective.account } else { effective.customer };
    let mut fields = of.fields();
    fields.push(("setting", setting.key().to_owned()));
    fields.push(("was", stored.map_or(INHERITED, Value::key).to_owned()));
    let label = if own { setting.own_label() } else { setting.label() };
    let reset = stored.is_some().then(|| vec![("value", INHERITED.to_owned())]);
    let source = source(of, effective, own);
    match effective.value {
        Value::Switch(on) => view! {
            <InstantSwitch
                to=SaveSetting::PATH
                fields=fields
                name="value"
                on=on
                label=label
                help=setting.help()
                field=setting.permission()
                source=source
                reset=reset
            />
        }
        .into_any(),
        Value::Notice(notice) => view! {
            <InstantSelect
                to=SaveSetting::PATH
                fields=fields
                name="value"
                value=notice.key()
                options=Notice::ALL.into_iter().map(|notice| (notice.key().to_owned(), notice.label().to_owned())).collect()
                label=label
                help=setting.help()
                field=setting.permission()
                source=source
                reset=reset
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
