//! How an account records: the codes that it dials during a call, as far as it may.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ui::{Card, LinkButton, Sign};

/// What an account dials during a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingCodes {
    /// To start.
    pub start: String,
    /// To stop.
    pub stop: String,
}

impl RecordingCodes {
    /// As a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        ["Dial ", &self.start, " during a call to record it, and ", &self.stop, " to stop."].concat()
    }
}

/// The codes of an account, if it may start and stop recordings itself.
///
/// # Errors
/// Faults on our side.
#[cfg(feature = "ssr")]
pub(crate) async fn codes_of(
    ask: &crate::server::ask::Ask,
    tenant: tandem_domain::access::Tenant,
    account: tandem_domain::ids::AccountId,
) -> Result<Option<RecordingCodes>, crate::error::AppError> {
    use tandem_domain::{dialing::CodeField, settings::Setting};

    let tell = |error| ask.tell("account", error);
    let settings = ask.store().settings(tenant).effective_for(account).await.map_err(tell)?;
    let manual = |effective: &tandem_domain::settings::Effective| effective.setting == Setting::RecordManually;
    if !settings.iter().any(|effective| manual(effective) && effective.value.is_on()) {
        return Ok(None);
    }
    let rule = ask.store().dialing(tenant).effective_for(account).await.map_err(tell)?;
    let code = |field| rule.codes.get(field);
    Ok(Some(RecordingCodes { start: code(CodeField::RecordStart), stop: code(CodeField::RecordStop) }))
}

/// How to record, and where the recordings are.
pub fn codes_card(codes: Option<RecordingCodes>) -> AnyView {
    let text = codes.map_or_else(
        || "You may not start and stop recordings yourself. Your company’s administrator can allow it.".to_owned(),
        |codes| codes.words(),
    );
    view! {
        <Card title="Recording a call">
            <p>{text}</p>
            <div class="actions"><LinkButton href="/self-care/recordings" label="Call recordings" sign=Sign::Recording /></div>
        </Card>
    }
    .into_any()
}
