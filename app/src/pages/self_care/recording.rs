//! An account's own call recording options: exactly those that its role shows.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    class::Notification,
    settings::{Effective, Setting},
};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::Tone,
    parts::{
        owner::Owner,
        recordings::codes::{RecordingCodes, codes_card},
        settings_panel::settings_panel,
    },
    ui::{Card, DescriptionList, EmptyState, LinkButton, Notice, PageHeader, Sign},
};

/// An account's own options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRecording {
    /// The account.
    pub owner: Owner,
    /// The options that the role shows.
    pub settings: Vec<Effective>,
    /// What recordings by e-mail need; `None` when the role does not show that option.
    pub by_email: Option<ByEmail>,
    /// What the account dials to record, if it may.
    pub codes: Option<RecordingCodes>,
}

/// The three things that recordings by e-mail need (PRODUCT §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByEmail {
    /// The account's e-mail address; empty: there is none.
    pub address: String,
    /// The customer class has the notification on.
    pub notified: bool,
    /// The account's option is on.
    pub wanted: bool,
}

impl ByEmail {
    /// Whether all three hold.
    #[must_use]
    pub fn works(&self) -> bool {
        !self.address.is_empty() && self.notified && self.wanted
    }
}

/// The options of whoever asks.
///
/// # Errors
/// Somebody who is no account.
#[server(endpoint = "own_recording_read")]
pub async fn own_recording_read() -> Result<OwnRecording, AppError> {
    use super::own::own_account;
    use crate::{
        parts::{recordings::codes::codes_of, settings_panel::effective},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    let (tenant, account, owner) = own_account(&ask)?;
    let codes = if ask.me.sees(Field::Recordings) { codes_of(&ask, tenant, account).await? } else { None };
    let settings = effective(&ask, owner).await?;
    let settings: Vec<Effective> =
        settings.into_iter().filter(|effective| Setting::RECORDING.contains(&effective.setting)).collect();
    let by_email = by_email(&ask, &settings).await?;
    Ok(OwnRecording { owner, settings, by_email, codes })
}

/// What recordings by e-mail need, and how it stands; `None` when the role does not show that option.
///
/// # Errors
/// Somebody who is no account.
#[cfg(feature = "ssr")]
pub(crate) async fn by_email(
    ask: &crate::server::ask::Ask,
    settings: &[Effective],
) -> Result<Option<ByEmail>, AppError> {
    let Some(option) = settings.iter().find(|effective| effective.setting == Setting::RecordByEmail) else {
        return Ok(None);
    };
    let (tenant, account, _) = super::own::own_account(ask)?;
    let tell = |error| ask.tell("account", error);
    let account = ask.store().accounts().get(tenant, account).await.map_err(tell)?.value;
    let customer = ask.store().customers().get(tenant).await.map_err(tell)?.value;
    let class = ask.store().classes().get(customer.class).await.map_err(tell)?.value;
    Ok(Some(ByEmail {
        address: account.email,
        notified: class.notifications.contains(&Notification::NewCallRecording),
        wanted: option.value.is_on(),
    }))
}

/// The page.
#[component]
pub fn RecordingPage() -> impl IntoView {
    let data = load(|| Ok(OwnRecordingRead {}));
    loaded(data, |OwnRecording { owner, settings, by_email, codes }| {
        let content = if settings.is_empty() {
            view! {
                <EmptyState
                    title="Nothing to set here"
                    text="Your role does not show call recording. Your company’s administrator can tell you how calls are recorded."
                    sign=Sign::Recording
                />
            }
            .into_any()
        } else {
            let rows = settings_panel(owner, &settings, &Setting::RECORDING);
            view! {
                <Card title="Options" description="Saved at once. What is not set here is as your company has it.">{rows}</Card>
                {by_email.map(by_email_card)}
            }
            .into_any()
        };
        view! {
            <PageHeader title="Call recording" subtitle="How your calls are recorded, and who gets the recordings." />
            <div class="stack max-w-208">
                {content}
                {me().sees(Field::Recordings).then(|| codes_card(codes))}
            </div>
        }
        .into_any()
    })
}

/// What recordings by e-mail need, and how it stands with each.
fn by_email_card(needs: ByEmail) -> AnyView {
    let works = needs.works();
    let ByEmail { address, notified, wanted } = needs;
    let no_address = address.is_empty();
    let verdict = if works {
        ["Recordings are e-mailed to ", &address, "."].concat()
    } else {
        missing(no_address, notified, wanted)
    };
    let facts = vec![
        ("Your e-mail address".to_owned(), if no_address { "None yet".into() } else { address }),
        (
            ["“", Notification::NewCallRecording.label(), "” for your company"].concat(),
            if notified { "On" } else { "Off; your provider turns it on" }.to_owned(),
        ),
        (Setting::RecordByEmail.own_label().to_owned(), if wanted { "On" } else { "Off" }.to_owned()),
    ];
    let (tone, profile) = if works { (Tone::Good, false) } else { (Tone::Info, no_address) };
    view! {
        <Card title="Recordings by e-mail" description="After each recorded call, when all three hold.">
            <DescriptionList items=facts />
            <Notice tone=tone text=verdict />
            {profile.then(|| view! { <div class="actions"><LinkButton href="/profile" label="Add your e-mail address" /></div> }.into_any())}
        </Card>
    }
    .into_any()
}

/// Why recordings are not e-mailed, and what to do.
fn missing(no_address: bool, notified: bool, wanted: bool) -> String {
    let mut text = String::from("Recordings are not e-mailed to you.");
    for (is_missing, what) in [
        (!wanted, " Turn the option on."),
        (no_address, " Add an e-mail address to your profile."),
        (!notified, " Ask your provider to turn the notification on for your company."),
    ] {
        if is_missing {
            text.push_str(what);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_mailed_only_when_all_three_conditions_hold() {
        let all = ByEmail { address: "john@abc.example".into(), notified: true, wanted: true };
        assert!(all.works());
        assert!(!ByEmail { address: String::new(), ..all.clone() }.works());
        assert!(!ByEmail { notified: false, ..all.clone() }.works());
        assert!(!ByEmail { wanted: false, ..all }.works());
    }

    #[test]
    fn what_is_missing_is_told_all_at_once() {
        let text = missing(true, false, true);
        assert!(
            text.contains("profile") && text.contains("provider") && !text.contains("Turn the option on"),
            "{text}"
        );
    }
}
