//! One recording: who talked, how it sounds, and what can be done with it.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::{Audience, Field},
    ids::RecordingId,
};

use super::{WHAT, chosen::RecordingsDelete, list_path};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::Tone,
    parts::address::of_address,
    post::{Done, Typed},
    ui::{
        Badge, Card, CollectAny as _, ConfirmButton, DescriptionList, InstantSwitch, LinkButton, Notice, PageHeader,
        Player, PostForm, Sign, Sound,
    },
};

/// A recording, in words for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingView {
    /// Which.
    pub id: RecordingId,
    /// "John → Mary Smith".
    pub title: String,
    /// When it began.
    pub subtitle: String,
    /// It is for its account alone.
    pub private: bool,
    /// It is of the account that asks, and its role may change for whom it is.
    pub own_privacy: bool,
    /// It may be deleted by who asks.
    pub may_delete: bool,
    /// What is played; `None`: there is no sound (any more).
    pub sound: Option<Sound>,
    /// The sizes of the WAV and of the Opus.
    pub sizes: [String; 2],
    /// The facts: what, and how it is.
    pub facts: Vec<(String, String)>,
    /// The page of the call, where there is one to be seen.
    pub call: Option<String>,
}

/// A recording.
///
/// # Errors
/// No such recording, or not for this person; no permission to see recordings.
#[server(endpoint = "recording_read")]
pub async fn recording_read(
    /// Which.
    id: RecordingId,
) -> Result<RecordingView, AppError> {
    use tandem_domain::recordings::Waveform;

    use super::words;
    use crate::{
        parts::calls::words as calls,
        server::{ask::Ask, recordings::RecordingsError},
    };

    let ask = Ask::now()?;
    ask.see(Field::Recordings)?;
    let row = ask.store().recordings().one(ask.me.who, id).await.map_err(|error| ask.tell(WHAT, error))?;
    let recording = &row.recording;
    let sound = match ask.services().recordings.waveform(recording).await {
        Ok(waveform) => Some(words::sound(&ask.me, recording, &waveform)),
        Err(RecordingsError::Gone) => None,
        // The drawing is not all that there is: the sound may still be had.
        Err(error @ RecordingsError::Unavailable(_)) => {
            tracing::warn!(%error, recording = %id, "a recording has no waveform");
            Some(words::sound(&ask.me, recording, &Waveform::default()))
        }
    };
    let fact = |what: &str, how: String| (what.to_owned(), how);
    let mut facts = vec![
        fact("From", calls::party(&ask.me, &recording.caller)),
        fact("To", calls::party(&ask.me, &recording.callee)),
        fact("Direction", recording.direction.label().to_owned()),
    ];
    facts.extend((!recording.huntgroup.is_empty()).then(|| fact("Huntgroup", recording.huntgroup.clone())));
    facts.extend(ask.me.sees(Field::AccountProfile).then(|| fact("Recorded by", words::owner(&row))));
    let with_customer = ask.me.audience() == Audience::Administrator && ask.me.sees(Field::CustomerName);
    facts.extend(with_customer.then(|| fact("Customer", row.customer_name.clone())));
    facts.push(fact("Began", ask.time_with_seconds(recording.started)));
    facts.push(fact("Ended", ask.time_with_seconds(recording.ended)));
    facts.push(fact("Length", words::length(recording.length_ms())));
    let own = words::is_own(&ask.me, recording);
    let has_call = ask.me.sees(Field::CallHistory);
    Ok(RecordingView {
        id,
        title: words::title(&ask.me, recording),
        subtitle: ask.time_with_seconds(recording.started),
        private: recording.account_only,
        own_privacy: own && ask.me.modifies(Field::RecordAccountOnly),
        may_delete: ask.me.modifies(Field::Recordings) && recording.may_be_deleted_by(ask.me.who),
        sound,
        sizes: [row.wav_octets, row.opus_octets].map(words::octets),
        facts,
        call: has_call.then(|| super::call_of(ask.me.audience(), recording.call)),
    })
}

/// Shows a recording to the account that recorded it alone, or to the company again.
///
/// # Errors
/// No such recording of this account; no permission to change for whom recordings are.
#[server(endpoint = "recording_privacy")]
pub async fn recording_privacy(
    /// Which.
    id: RecordingId,
    /// On or off.
    account_only: Typed,
) -> Result<Done, AppError> {
    use crate::{pages::self_care::own::own_account, post::Undo, server::ask::Ask};

    let ask = Ask::now()?;
    let (_, account, _) = own_account(&ask)?;
    ask.see(Field::Recordings)?;
    ask.modify(Field::RecordAccountOnly)?;
    let on = account_only.on_or_off("account_only")?;
    let on = on.ok_or_else(|| AppError::Unreadable("neither on nor off".into()))?;
    let was = ask.store().recordings().set_account_only(&ask.change(), account, id, on).await;
    let was = was.map_err(|error| ask.tell(WHAT, error))?;
    let toast = if on { "Only you see this recording now" } else { "Your company sees this recording now" };
    let value = if was { "on" } else { "off" };
    let fields = vec![("id".into(), id.to_string()), ("account_only".into(), value.into())];
    Ok(Done::say(toast).undo(Undo { to: RecordingPrivacy::PATH.into(), fields }))
}

/// The page of the recording in the address.
pub fn recording_page() -> AnyView {
    let data = load(of_address(WHAT, |id| RecordingRead { id }));
    loaded(data, |view| {
        let RecordingView { id, title, subtitle, private, own_privacy, may_delete, sound, sizes, facts, call } = view;
        let me = me();
        let badge = move || {
            let word = if own_privacy { "Only you see it" } else { "Private" };
            private.then(|| view! { <Badge tone=Tone::Info text=word /> }.into_any())
        };
        let audited = (me.audience() == Audience::Administrator).then(|| {
            let text = if private {
                "Only the account that recorded this sees it in self-care. That you play or download it is written into the audit log."
            } else {
                "That you play or download this is written into the audit log."
            };
            view! { <Notice tone=Tone::Info text=text /> }.into_any()
        });
        let has_sound = sound.is_some();
        let player = match sound {
            Some(sound) => view! { <Card flush=true><Player sound=sound /></Card> }.into_any(),
            None => view! { <Notice tone=Tone::Warning text="The sound of this recording is not there any more." /> }
                .into_any(),
        };
        let downloads = has_sound.then(|| downloads(id, &sizes));
        let privacy = own_privacy.then(|| privacy_card(id, private));
        let call = call.map(|href| view! { <LinkButton href=href label="The call" sign=Sign::Calls /> }.into_any());
        view! {
            <PageHeader title=title subtitle=subtitle back=(list_path(me.audience()), "Call recordings") badge=badge />
            <div class="stack">
                {audited}
                {player}
                <div class="actions">{downloads} {call} {may_delete.then(|| delete_button(id))}</div>
                {privacy}
                <Card title="Details"><DescriptionList items=facts /></Card>
            </div>
        }
        .into_any()
    })
}

/// The sound as a file.
fn downloads(id: RecordingId, sizes: &[String; 2]) -> AnyView {
    ["wav", "opus"]
        .into_iter()
        .zip(sizes)
        .map(|(ending, size)| {
            let label = if ending == "wav" { "Download WAV" } else { "Download Opus" };
            let href = format!("{}.{ending}?download", super::sound_path(id));
            view! { <LinkButton href=href label=format!("{label} ({size})") sign=Sign::Download download=true /> }
                .into_any()
        })
        .collect_any()
}

fn delete_button(id: RecordingId) -> AnyView {
    view! {
        <PostForm to=RecordingsDelete::PATH fields=vec![("ids[]", id.to_string())]>
            <ConfirmButton
                label="Delete"
                title="Delete this recording?"
                text="The sound is deleted for everybody who sees it. This cannot be taken back."
                confirm="Delete recording"
                danger=true
            />
        </PostForm>
    }
    .into_any()
}

fn privacy_card(id: RecordingId, private: bool) -> AnyView {
    view! {
        <Card title="Privacy">
            <InstantSwitch
                to=RecordingPrivacy::PATH
                fields=vec![("id", id.to_string())]
                name="account_only"
                on=private
                label="Show to myself only"
                help="Colleagues and your company’s administrator do not see this recording then."
                field=Field::RecordAccountOnly
            />
        </Card>
    }
    .into_any()
}
