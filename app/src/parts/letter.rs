//! An e-mail as its recipient sees it: in a frame of its own, where it may style itself and do nothing else, and as text.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use tandem_domain::ids::{MailId, RecordingId};

use crate::{
    parts::recordings::sound_path,
    ui::{Card, LinkButton, Sign},
};

/// What an e-mail is called in an answer.
pub const WHAT: &str = "e-mail";

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Which.
    pub id: MailId,
    /// The subject line.
    pub subject: String,
    /// The text for programs that show text only.
    pub text: String,
    /// The recording whose sound is attached, if this person may hear it.
    pub attached: Option<RecordingId>,
}

/// The letter, and what is attached. The latter is played here without a click for `reads_own`: the staff's plays are noted.
pub fn letter_cards(letter: Letter, reads_own: bool) -> AnyView {
    let Letter { id, subject, text, attached } = letter;
    let attached = attached.map(|recording| {
        let file = format!("{}.opus", sound_path(recording));
        let sound = reads_own.then(|| view! { <audio class="letter-sound" controls preload="none" src=file.clone()></audio> }.into_any());
        view! {
            <Card title="Attachment">
                {sound}
                <div class="actions">
                    <LinkButton href=format!("{file}?download") label="Download Opus" sign=Sign::Download download=true />
                </div>
            </Card>
        }.into_any()
    });
    view! {
        <Card title="As it is read" flush=true>
            <iframe class="letter" src=format!("/mail/{id}.html") title=subject sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>
        </Card>
        {attached}
        <Card title="As text"><pre class="letter-text">{text}</pre></Card>
    }
    .into_any()
}
