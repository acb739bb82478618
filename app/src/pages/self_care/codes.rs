//! My service codes: the codes that work on an account's phones, with what each does, as a card to print.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    dialing::{CodeField, ECHO_TEST, EffectiveRule, Kind, PbxCodes},
    supervision::Mode,
};

use crate::{
    data::{load, loaded},
    error::AppError,
    listing::{Cell, Column, ListRow, Listing, Tone},
    parts::codes_card::source_words,
    ui::{Button, Card, CollectAny as _, DataTable, Notice, PageHeader},
};

/// An account's codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCodes {
    /// Whose: name and extension.
    pub whose: String,
    /// The codes in effect.
    pub rule: EffectiveRule,
    /// Whether the recording codes work; `None` when the role does not show it.
    pub records: Option<bool>,
    /// Whether the supervision codes work.
    pub supervises: SupervisionCodes,
}

/// Whether the supervision codes work for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionCodes {
    /// They do.
    Work,
    /// The account is no manager in any huntgroup.
    ForManagers,
    /// The company has no call supervision.
    Off,
}

/// The codes of whoever asks.
///
/// # Errors
/// No permission to see them; somebody who is no account.
#[server(endpoint = "own_codes_read")]
pub async fn own_codes_read() -> Result<OwnCodes, AppError> {
    use super::own::own_account;
    use crate::server::ask::Ask;
    use tandem_domain::{access::Field, settings::Setting};

    let ask = Ask::now()?;
    let (tenant, id, _) = own_account(&ask)?;
    ask.see(Field::ServiceCodes)?;
    let tell = |error| ask.tell("account", error);
    let account = ask.store().accounts().get(tenant, id).await.map_err(tell)?.value;
    let rule = ask.store().dialing(tenant).effective_for(id).await.map_err(tell)?;
    let settings = ask.store().settings(tenant).effective_for(id).await.map_err(tell)?;
    let is_on =
        |setting: Setting| settings.iter().any(|effective| effective.setting == setting && effective.value.is_on());
    let memberships = ask.store().huntgroups(tenant).of_account(id).await.map_err(tell)?;
    let is_manager = memberships.iter().any(|membership| membership.member.supervision_allowed);
    let supervises = match (is_on(Setting::CallSupervision), is_manager) {
        (true, true) => SupervisionCodes::Work,
        (true, false) => SupervisionCodes::ForManagers,
        (false, _) => SupervisionCodes::Off,
    };
    Ok(OwnCodes {
        whose: format!("{}, extension {}", account.name(), account.extension),
        rule,
        records: ask.me.sees(Field::RecordManually).then(|| is_on(Setting::RecordManually)),
        supervises,
    })
}

/// The page.
#[component]
pub fn CodesPage() -> impl IntoView {
    let data = load(|| Ok(OwnCodesRead {}));
    loaded(data, |own| {
        let print = Callback::new(|()| {
            // Fails only where there is no printing at all.
            let _ = window().print();
        });
        let remarks = remarks(&own)
            .into_iter()
            .map(|text| view! { <Notice tone=Tone::Info text=text /> }.into_any())
            .collect_any();
        let listing = listing(&own);
        view! {
            <PageHeader
                title="My service codes"
                subtitle=[&own.whose, ". ", &source_words(&own.rule.source)].concat()
                actions=move || view! { <Button label="Print" on_click=print /> }
            />
            <div class="stack">
                <Card flush=true><DataTable listing=listing label="Service codes" /></Card>
                {remarks}
            </div>
        }
        .into_any()
    })
}

/// What has to be said of codes that do not work.
fn remarks(own: &OwnCodes) -> Vec<&'static str> {
    let recording = (own.records == Some(false))
        .then_some("You may not start and stop recordings yourself. Your company’s administrator can allow it.");
    let supervision = match own.supervises {
        SupervisionCodes::Work => None,
        SupervisionCodes::ForManagers => Some(
            "Supervision is for managers. Your company’s administrator makes you one by “Supervision allowed” in a huntgroup.",
        ),
        SupervisionCodes::Off => Some("Call supervision is off for your company. Your provider turns it on."),
    };
    recording.into_iter().chain(supervision).collect()
}

/// All codes: what to dial, what it does, when, and whether it works.
fn listing(own: &OwnCodes) -> Listing {
    let works = || (Tone::Good, "Works");
    let recording = match own.records {
        Some(false) => (Tone::Neutral, "Not allowed"),
        Some(true) | None => works(),
    };
    let supervision = match own.supervises {
        SupervisionCodes::Work => works(),
        SupervisionCodes::ForManagers => (Tone::Neutral, "For managers"),
        SupervisionCodes::Off => (Tone::Neutral, "Off"),
    };
    let order = [Kind::Recording, Kind::Prefix, Kind::Digit];
    let fields =
        order.into_iter().flat_map(|kind| CodeField::ALL.into_iter().filter(move |field| field.kind() == kind));
    let mut rows: Vec<ListRow> = fields
        .map(|field| {
            let (when, state) = match field.kind() {
                Kind::Recording => ("During a call", recording),
                Kind::Prefix => ("From an idle phone", supervision),
                Kind::Digit => ("While you supervise", supervision),
            };
            row(shown(&own.rule.codes, field), field.label(), what(field, &own.rule.codes), when, state)
        })
        .collect();
    let echo = "You hear your own voice: microphone and line work.".to_owned();
    rows.push(row(ECHO_TEST.into(), "Echo test", echo, "From an idle phone", works()));
    let count = u32::try_from(rows.len()).unwrap_or_default();
    let columns = ["Code", "What it does", "When", "For you"].map(Column::plain).into();
    Listing { columns, rows, count, next: None, previous: None, hint: String::new() }
}

fn row(code: String, label: &str, text: String, when: &str, (tone, state): (Tone, &str)) -> ListRow {
    let cells = vec![
        Cell::Figures(code),
        Cell::Two(label.into(), text),
        Cell::Text(when.into()),
        Cell::Badge(tone, state.into()),
    ];
    ListRow { href: None, cells }
}

/// A code as it is dialled: prefixes with an extension behind them.
fn shown(codes: &PbxCodes, field: CodeField) -> String {
    let code = codes.get(field);
    match field.kind() {
        Kind::Prefix => [&code, " + extension"].concat(),
        Kind::Digit | Kind::Recording => code,
    }
}

/// What a code does.
fn what(field: CodeField, codes: &PbxCodes) -> String {
    match field {
        CodeField::SpyPrefix => Mode::Spy.help().into(),
        CodeField::WhisperPrefix => Mode::Whisper.help().into(),
        CodeField::BargeInPrefix => Mode::BargeIn.help().into(),
        CodeField::SpyDigit => "You hear both; nobody hears you.".into(),
        CodeField::WhisperDigit => "You speak to the agent alone.".into(),
        CodeField::BargeInDigit => "You speak to both.".into(),
        CodeField::RecordStart => {
            ["The call is recorded from here on, until you press ", codes.record_stop.as_str(), " or the call ends."]
                .concat()
        }
        CodeField::RecordStop => "Recording stops. Starting again adds to the same recording.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_domain::dialing::RuleSource;

    fn own(records: Option<bool>, supervises: SupervisionCodes) -> OwnCodes {
        let rule = EffectiveRule { codes: PbxCodes::default(), source: RuleSource::BuiltIn("Default".into()) };
        OwnCodes { whose: String::new(), rule, records, supervises }
    }

    #[test]
    fn a_manager_who_may_record_reads_that_every_code_works() {
        let own = own(Some(true), SupervisionCodes::Work);
        assert!(remarks(&own).is_empty());
        let works = Cell::Badge(Tone::Good, "Works".into());
        assert!(listing(&own).rows.iter().all(|row| row.cells.last() == Some(&works)));
    }

    #[test]
    fn codes_that_do_not_work_are_listed_with_the_reason() {
        let own = own(Some(false), SupervisionCodes::Off);
        assert_eq!(remarks(&own).len(), 2);
        assert_eq!(listing(&own).rows.len(), CodeField::ALL.len() + 1);
    }
}
