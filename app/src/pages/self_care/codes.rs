//! My service codes: the codes that work on an account's phones, with what each does, as a card to print.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    dialing::{CodeField, ECHO_TEST, EffectiveRule, Kind, PbxCodes},
    supervision::Mode,
};

use crate::{
    context::{load, loaded},
    error::AppError,
    listing::{Cell, Column, ListRow, Listing, Tone},
    parts::codes_card::source_words,
    ui::{Button, Card, DataTable, Notice, PageHeader},
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
    /// Why the supervision codes do not work; `None` when they do.
    pub no_supervision: Option<String>,
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
    let is_on = |setting: Setting| settings.iter().any(|effective| effective.setting == setting && effective.value.is_on());
    let memberships = ask.store().huntgroups(tenant).of_account(id).await.map_err(tell)?;
    let is_manager = memberships.iter().any(|membership| membership.member.supervision_allowed);
    let no_supervision = match (is_on(Setting::CallSupervision), is_manager) {
        (true, true) => None,
        (false, _) => Some("Call supervision is off for your company, so these codes do nothing at present."),
        (true, false) => Some("These codes are for managers. Your company’s administrator makes you one by “Supervision allowed” in a huntgroup."),
    };
    Ok(OwnCodes {
        whose: format!("{}, extension {}", account.name(), account.extension),
        rule,
        records: ask.me.sees(Field::RecordManually).then(|| is_on(Setting::RecordManually)),
        no_supervision: no_supervision.map(Into::into),
    })
}

/// The page.
#[component]
pub fn CodesPage() -> impl IntoView {
    let data = load(|| (), |()| own_codes_read());
    loaded(data, |OwnCodes { whose, rule, records, no_supervision }| {
        let print = Callback::new(|()| {
            // Fails only where there is no printing at all.
            let _ = window().print();
        });
        let recording = match records {
            Some(false) => Some("You may not start and stop recordings yourself, so these codes do nothing at present."),
            Some(true) | None => None,
        };
        view! {
            <PageHeader
                title="My service codes"
                subtitle=[&whose, ". ", &source_words(&rule.source)].concat()
                actions=move || view! { <Button label="Print" on_click=print /> }
            />
            <div class="stack">
                {group(&rule.codes, Kind::Recording, "During a call", recording.map(str::to_owned))}
                {group(&rule.codes, Kind::Prefix, "Join a colleague’s call", no_supervision.clone())}
                {group(&rule.codes, Kind::Digit, "While you supervise", no_supervision)}
                <Card title="At any time" flush=true>{table("Code", vec![(ECHO_TEST.into(), "Echo test", "You hear your own voice: microphone and line work.".into())])}</Card>
            </div>
        }
        .into_any()
    })
}

/// The codes of one kind, and a remark where they do not work.
fn group(codes: &PbxCodes, kind: Kind, title: &'static str, remark: Option<String>) -> AnyView {
    let fields = CodeField::ALL.into_iter().filter(|field| field.kind() == kind);
    let rows = fields.map(|field| (shown(codes, field), field.label(), what(field, codes))).collect();
    let head = match kind {
        Kind::Prefix => "Dial",
        Kind::Digit | Kind::Recording => "Press",
    };
    view! {
        <Card title=title flush=true>
            {remark.map(|text| view! { <div class="px-5 pb-4"><Notice tone=Tone::Neutral text=text /></div> })}
            {table(head, rows)}
        </Card>
    }
    .into_any()
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
            ["The call is recorded from here on, until you press ", codes.record_stop.as_str(), " or the call ends."].concat()
        }
        CodeField::RecordStop => "Recording stops. Starting again adds to the same recording.".into(),
    }
}

fn table(head: &str, rows: Vec<(String, &str, String)>) -> AnyView {
    let count = u32::try_from(rows.len()).unwrap_or_default();
    let row = |(code, label, text): (String, &str, String)| ListRow {
        href: None,
        cells: vec![Cell::Figures(code), Cell::Two(label.to_owned(), text)],
    };
    let rows = rows.into_iter().map(row).collect();
    let columns = vec![Column::plain(head), Column::plain("What it does")];
    view! { <DataTable listing=Listing { columns, rows, count, next: None, previous: None } label="Service codes" /> }.into_any()
}
