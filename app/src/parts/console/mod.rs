//! The supervisor's console: the calls that a manager may supervise, live, and how he joins, changes the mode and leaves.
//!
//! | module | question |
//! | --- | --- |
//! | here | what is to be seen, and what may be asked for? (server functions) |
//! | [`board`] | what does the page know at this moment? |
//! | [`calls`] | how are the calls shown? |
//! | [`bar`] | how is one's own supervision shown? |
//! | [`agents`] | what do the agents do? |
//! | [`hands`] | what do clicks and keys do? |
//! | `rung` | which phone does a join ring? |
//! | `sight` | which rows are in sight, and does somebody point at them? |
//! | [`wall`] | how do the wallboard's figures look? |
//!
//! Every wish is a form, so that all of it works without WebAssembly: *join* rings the manager's phones. In the browser the
//! same forms are sent without leaving the page, keys press their buttons, and the list follows what happens.

pub mod agents;
pub mod bar;
pub mod board;
pub mod calls;
pub mod hands;
mod rung;
mod sight;
pub mod wall;

use leptos::prelude::*;
use tandem_domain::{
    console::Console,
    ids::{AccountId, CallId},
    supervision::Mode,
    wallboard::Wallboard,
};

use crate::{
    error::AppError,
    listing::{ListArgs, Tone},
    post::{Done, Typed},
    ui::{Notice, single_keys_switch, use_desk},
};

/// What a call is called in an answer.
#[cfg(feature = "ssr")]
const WHAT: &str = "call";
/// What is said of a wish to be rung at a desk on which no phone is.
const NO_DESK: &str = "No phone on your desk is registered. Switch one on, or join with this browser.";
/// What a manager's own call is called.
#[cfg(feature = "ssr")]
const OWN: &str = "supervision of yours";

/// What the console shows at this moment.
///
/// # Errors
/// For people without a console.
#[server(endpoint = "console_read")]
pub async fn console_read() -> Result<Console, AppError> {
    use tandem_domain::access::Field;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    let sight = server::sight(&ask).await?;
    let scene = ask.services().exchange.scene(ask.own_tenant()?.customer());
    Ok(sight.console(&scene, ask.me.sees(Field::AccountProfile)))
}

/// What the wallboard shows at this moment; today is a day of the reader's time zone.
///
/// # Errors
/// For people without a console.
#[server(endpoint = "wallboard_read")]
pub async fn wallboard_read() -> Result<Wallboard, AppError> {
    use crate::server::{ask::Ask, format};

    let ask = Ask::now()?;
    let sight = server::sight(&ask).await?;
    let tenant = ask.own_tenant()?;
    let midnight = format::midnight(ask.at(), &ask.me.time_zone);
    let services = ask.services();
    let today = services.consoles.today(services, tenant, midnight).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(sight.wallboard(&services.exchange.scene(tenant.customer()), &today))
}

/// Joins a call of an agent: rings the manager's phones, or goes over with the phone by which he is in another call.
///
/// # Errors
/// No such call or agent of this company; a rule that forbids it, in the words that the console has for it; no phone.
#[server(endpoint = "console_join")]
pub async fn console_join(
    /// The call.
    call: CallId,
    /// Whose conversation.
    agent: AccountId,
    /// How.
    mode: Mode,
    /// `on`: stay for the agent's next calls.
    #[server(default)]
    follow: Typed,
    /// By what the page knows the call again that rings it.
    #[server(default)]
    ticket: Typed,
    /// `on`: ring the phones on the desk, not the browser.
    #[server(default)]
    desk: Typed,
) -> Result<Done, AppError> {
    use tandem_domain::{
        calls::CallState,
        console::is_ticket,
        supervision::{Refused, may_join},
    };

    use crate::server::{ask::Ask, exchange::Join};

    let ask = Ask::now()?;
    let (tenant, manager) = server::manager(&ask)?;
    let refuse = |refused: Refused| AppError::Refused(refused.words().to_owned());
    let follow = follow.on_or_off("follow")?.unwrap_or_default();
    let desk = desk.on_or_off("desk")?.unwrap_or_default();
    let ticket = ticket.0.filter(|ticket| !ticket.is_empty());
    if ticket.as_ref().is_some_and(|ticket| !is_ticket(ticket)) {
        return Err(AppError::Unreadable("a ticket that is none".into()));
    }
    ask.store().accounts().get(tenant, agent).await.map_err(|error| ask.tell("extension", error))?;
    let exchange = &ask.services().exchange;
    let calls = exchange.calls(Some(tenant.customer()));
    let of_agent = |account: Option<AccountId>| account == Some(agent);
    let live = calls.iter().find(|live| {
        live.id == call && (of_agent(live.caller.account) || of_agent(live.callee.account)) && live.supervises.is_none()
    });
    let live = live.ok_or_else(|| AppError::NotFound(WHAT.into()))?;
    let terms = ask.store().exchange().supervising(tenant, manager, agent).await;
    let terms = terms.map_err(|error| ask.tell("huntgroup", error))?;
    let join = Join { manager, agent, call, mode, follow, ticket, desk };
    if let Err(refused) = may_join(terms.enabled, &terms.groups, manager, agent) {
        // The exchange refuses it as well, and keeps in the audit log that it did.
        exchange.join(join);
        return Err(refuse(refused));
    }
    if live.state == CallState::Ringing {
        return Err(refuse(Refused::NoCall));
    }
    if [live.caller.account, live.callee.account].contains(&Some(manager)) {
        return Err(refuse(Refused::Yourself));
    }
    let is_there = calls.iter().any(|live| live.supervises.is_some() && live.caller.account == Some(manager));
    let scene = exchange.scene(tenant.customer());
    let missed = scene.missed(manager).map(|call| call.id);
    if desk && !scene.can_ring_desk(manager) {
        return Err(AppError::Refused(NO_DESK.into()));
    }
    if !is_there && !scene.can_ring(manager) {
        return Err(AppError::Refused(
            "None of your phones can be rung: use this browser as a phone, or switch your desk phone on.".into(),
        ));
    }
    exchange.join(join);
    match server::comes_of_it(&ask, (manager, missed), agent, call).await? {
        server::Came::IsSo => {}
        server::Came::Missed => {
            return Err(AppError::Refused(
                "Your phone was rung, and took no call: it was busy, or declined it.".into(),
            ));
        }
        server::Came::Nothing => {
            return Err(AppError::Refused(
                "The exchange has not let you join: the call has ended, or you may not join it any more. Should your phone \
                 ring after all, answer it to join."
                    .into(),
            ));
        }
    }
    let rings = desk || !is_there;
    Ok(Done::say(if rings { "Your phone rings: answer it to join" } else { "You go over to this call" }))
}

/// A page shows these calls: of them it is told by this stream how loud people speak. Nothing comes of it where the stream is
/// over, or somebody else's.
///
/// # Errors
/// For people without a console; what is no calls. Of more than [`LEVELS_MAX`](tandem_domain::console::LEVELS_MAX) the first count.
#[server(endpoint = "console_looks")]
pub async fn console_looks(
    /// What names the stream.
    stream: u64,
    /// The calls' ids, parted by commas.
    #[server(default)]
    calls: String,
) -> Result<(), AppError> {
    use tandem_domain::{
        access::Field,
        console::{LEVELS_MAX, has_console},
    };

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    if !has_console(&ask.me) {
        return Err(AppError::forbidden(Field::SupervisorConsole));
    }
    let ids = calls.split(',').filter(|id| !id.is_empty()).map(str::parse);
    let calls: Result<Vec<CallId>, _> = ids.take(LEVELS_MAX).collect();
    let calls = calls.map_err(|_| AppError::Unreadable("what is no call".into()))?;
    ask.services().consoles.look_at(ask.me.who, stream, calls);
    Ok(())
}

/// One's own supervision goes on in another mode.
///
/// # Errors
/// No such supervision of whoever asks.
#[server(endpoint = "console_switch")]
pub async fn console_switch(
    /// The manager's own call.
    call: CallId,
    /// From now on.
    mode: Mode,
) -> Result<Done, AppError> {
    let (ask, _) = server::own(call)?;
    ask.services().exchange.switch_mode(call, mode);
    Ok(Done::say(mode.label()))
}

/// Leaves the call that one supervises; it goes on.
///
/// # Errors
/// No such supervision of whoever asks.
#[server(endpoint = "console_leave")]
pub async fn console_leave(
    /// The manager's own call.
    call: CallId,
) -> Result<Done, AppError> {
    let (ask, _) = server::own(call)?;
    ask.services().exchange.end_call(call);
    Ok(Done::say("You leave the call"))
}

/// Stays for the agent's next calls, or no longer.
///
/// # Errors
/// No such supervision of whoever asks.
#[server(endpoint = "console_follow")]
pub async fn console_follow(
    /// The manager's own call.
    call: CallId,
    /// `on` or `off`.
    follow: Typed,
) -> Result<Done, AppError> {
    let (ask, _) = server::own(call)?;
    let on = follow.on_or_off("follow")?.ok_or_else(|| AppError::Unreadable("neither on nor off".into()))?;
    ask.services().exchange.follow(call, on);
    Ok(Done::say(if on { "You stay for the next calls, too" } else { "You leave at the end of the call" }))
}

/// Hears the two sides of the call that one supervises louder or softer than they are.
///
/// # Errors
/// No such supervision of whoever asks; more than there is.
#[server(endpoint = "console_volumes")]
pub async fn console_volumes(
    /// The manager's own call.
    call: CallId,
    /// The agent, in per cent of what he is.
    agent: u8,
    /// The client.
    client: u8,
) -> Result<Done, AppError> {
    use tandem_domain::console::VOLUME_MAX;

    let (ask, _) = server::own(call)?;
    if agent > VOLUME_MAX || client > VOLUME_MAX {
        return Err(AppError::Unreadable("louder than there is".into()));
    }
    ask.services().exchange.volumes(call, [agent, client]);
    Ok(Done::say("Volumes set"))
}

/// Marks this moment in the recordings of the call that one supervises.
///
/// # Errors
/// No such supervision of whoever asks; the call is not being recorded.
#[server(endpoint = "console_mark")]
pub async fn console_mark(
    /// The manager's own call.
    call: CallId,
    /// Why; may be empty.
    #[server(default)]
    text: String,
) -> Result<Done, AppError> {
    use tandem_domain::calls::Recorded;

    let (ask, supervised) = server::own(call)?;
    let text = server::note(&text)?;
    let is_recorded = supervised.as_ref().is_some_and(|call| call.recorded == Recorded::Yes);
    let Some(supervised) = supervised.filter(|_| is_recorded) else {
        return Err(AppError::Refused(
            "This call is not being recorded at the moment, so there is nothing to mark.".into(),
        ));
    };
    ask.services().exchange.mark(supervised.id, text);
    Ok(Done::say("This moment is marked in the recording"))
}

/// Keeps a note on the call that one supervises, in the audit log: the page of the call shows it.
///
/// # Errors
/// No such supervision of whoever asks; no words.
#[server(endpoint = "console_note")]
pub async fn console_note(
    /// The manager's own call.
    call: CallId,
    /// The note.
    #[server(default)]
    text: String,
) -> Result<Done, AppError> {
    use tandem_domain::audit::{FieldChange, Subject};

    use crate::parts::calls::words;

    let (ask, supervised) = server::own(call)?;
    let text = server::note(&text)?;
    let Some(supervised) = supervised else {
        return Err(AppError::Refused("You are in no call at the moment.".into()));
    };
    if text.is_empty() {
        return Err(AppError::Refused("Write the note first.".into()));
    }
    let parties =
        format!("{} with {}", words::party(&ask.me, &supervised.caller), words::party(&ask.me, &supervised.callee));
    let change = FieldChange { field: "note".into(), old: String::new(), new: text };
    let (whose, id) = (Some(supervised.customer), supervised.id.to_string());
    let (audit, by) = (ask.store().audit(), ask.change());
    let noted = audit.note(&by, whose, Subject::Supervision, &id, &parties, "noted", change).await;
    noted.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Note kept"))
}

/// The whole console, when it is known what there is.
pub(crate) fn whole(board: board::Board, args: Memo<ListArgs>) -> AnyView {
    let desk = use_desk();
    hands::keys(board);
    let (joins, enabled) = board.terms.with_untracked(|terms| (terms.joins, terms.enabled));
    let off = (!enabled).then(|| {
        let text = "Call supervision is off for your company at present. Your provider turns it on.";
        view! { <Notice tone=Tone::Warning text=text /> }.into_any()
    });
    let lost = "The server is not reached: what is shown may not be so any more. It is tried again.";
    let shut =
        move || board.shut.get().map(|error| view! { <Notice tone=Tone::Bad text=error.to_string() /> }.into_any());
    let hint = "Arrow keys choose a call. S, W and B join it, or change how you are in it; Escape leaves. \
                Who sets letters off unawares turns them off below. The upper meter is the agent’s voice, the lower one the client’s.";
    view! {
        <div
            class="stack console"
            on:submit=move |event| hands::submitted(desk, board, &event)
            on:change=move |event| hands::changed(&event)
        >
            <div role="alert">
                <div hidden=move || board.reached.get()><Notice tone=Tone::Bad text=lost /></div>
                {shut}
            </div>
            {off}
            {joins.then(|| rung::phones(board))}
            {bar::bars(board)}
            <div class="console-field">
                <div>
                    {calls::calls(board, args)}
                    {joins.then(|| view! { <p class="phone-words needs-wasm">{hint}</p> {single_keys_switch()} }.into_any())}
                    <p class="no-wasm"><a class="link" href="">"Look again"</a></p>
                </div>
                {agents::agents(board)}
            </div>
        </div>
    }
    .into_any()
}

#[cfg(feature = "ssr")]
mod server {
    use std::{sync::Arc, time::Duration};

    use tandem_domain::{
        access::{Field, Tenant, Who},
        calls::{LiveCall, Stage},
        console::{NOTE_MAX, Scene, Sight, has_console},
        ids::{AccountId, CallId},
    };

    use super::OWN;
    use crate::{error::AppError, live::Topic, server::ask::Ask};

    /// How long the exchange may take until it has asked the records.
    const ANSWERS: Duration = Duration::from_secs(3);

    /// What whoever asks sees.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for people without a console.
    pub(super) async fn sight(ask: &Ask) -> Result<Arc<Sight>, AppError> {
        let forbidden = || AppError::forbidden(Field::SupervisorConsole);
        let tenant = ask.me.own_tenant().filter(|_| has_console(&ask.me)).ok_or_else(forbidden)?;
        let company = ask.services().consoles.company(ask.services(), tenant).await;
        company.map_err(|error| ask.tell("huntgroup", error))?.sight(&ask.me).ok_or_else(forbidden)
    }

    /// The manager who asks.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for everybody else.
    pub(super) fn manager(ask: &Ask) -> Result<(Tenant, AccountId), AppError> {
        match ask.me.who {
            Who::Account { account, .. } if has_console(&ask.me) => Ok((ask.own_tenant()?, account)),
            Who::Customer(_) if has_console(&ask.me) => Err(AppError::Forbidden("joining calls: managers do".into())),
            Who::Account { .. } | Who::Customer(_) | Who::Administrator(_) => {
                Err(AppError::forbidden(Field::SupervisorConsole))
            }
        }
    }

    /// The manager's own call, and the call that it is about, if he is in one.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for who is no manager, [`AppError::NotFound`] for what is no supervision of his.
    pub(super) fn own(call: CallId) -> Result<(Ask, Option<LiveCall>), AppError> {
        let ask = Ask::now()?;
        let (tenant, manager) = manager(&ask)?;
        let calls = ask.services().exchange.calls(Some(tenant.customer()));
        let own = calls.iter().find(|live| live.id == call && live.caller.account == Some(manager));
        let supervises = own.and_then(|own| own.supervises).ok_or_else(|| AppError::NotFound(OWN.into()))?;
        let supervised = calls.into_iter().find(|live| supervises.stage == Stage::In(live.id));
        Ok((ask, supervised))
    }

    /// What came of a wish to join.
    pub(super) enum Came {
        /// The manager is there, or his phone rings.
        IsSo,
        /// His phone rang, and does so no more.
        Missed,
        Nothing,
    }

    /// What comes of a wish to join: the exchange asks the records once more, and may refuse it. Waits for as long as that may take.
    /// The manager comes with the call by which he was last rung for nothing.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for who is of no company.
    pub(super) async fn comes_of_it(
        ask: &Ask,
        (manager, missed): (AccountId, Option<CallId>),
        agent: AccountId,
        wanted: CallId,
    ) -> Result<Came, AppError> {
        let (customer, exchange) = (ask.own_tenant()?.customer(), &ask.services().exchange);
        let mut changes = exchange.changes(Topic::Console);
        // He may be in another call of the same agent already, or wait for the next one.
        let leads_there = |stage: Stage| match stage {
            Stage::Rings => true,
            Stage::In(call) => call == wanted,
            Stage::Waits => false,
        };
        let is_so = |own: &Arc<LiveCall>| {
            let supervises = own.supervises.filter(|one| one.agent == Some(agent) && leads_there(one.stage));
            own.caller.account == Some(manager) && supervises.is_some()
        };
        let is_for_agent = |rang: &&LiveCall| rang.supervises.is_some_and(|one| one.agent == Some(agent));
        // His phone may have been rung for less than a moment.
        let came = |scene: &Scene| {
            let rang = scene.missed(manager).filter(is_for_agent).filter(|rang| Some(rang.id) != missed);
            if scene.calls().iter().any(is_so) { Some(Came::IsSo) } else { rang.map(|_| Came::Missed) }
        };
        let comes = async {
            loop {
                if let Some(came) = came(&exchange.scene(customer)) {
                    return came;
                }
                if changes.changed().await.is_err() {
                    return Came::Nothing;
                }
            }
        };
        Ok(tokio::time::timeout(ANSWERS, comes).await.unwrap_or(Came::Nothing))
    }

    /// What was typed as a note: one line.
    ///
    /// # Errors
    /// It is too long.
    pub(super) fn note(typed: &str) -> Result<String, AppError> {
        let line: String = typed.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if line.chars().count() > NOTE_MAX {
            return Err(AppError::Refused(format!("Use at most {NOTE_MAX} characters.")));
        }
        Ok(line)
    }
}
