//! Managers, as tests let them come and go, and what is kept of them.

use tandem_domain::{
    access::Scope,
    audit::{AuditRow, Subject},
    huntgroup::Member,
    ids::AccountId,
    supervision::Mode,
};
use tandem_phones::Baresip;
use tandem_store::{Change, audit::AuditFilters};
use tandem_telephony::exchange::Command;

use crate::{
    sounds::{ADAM, JOHN, MARY, Soft, hear_exactly, phone, tenant},
    world::{Granted as _, World},
};

pub fn join(world: &World, dialled: &str, tone: u32, extension: &str) -> Soft {
    let manager = phone(world, extension, tone);
    manager.dial(dialled).granted();
    manager.wait_until_established().granted();
    manager
}

pub fn modes(world: &World) -> Vec<Mode> {
    world.handle.feed().calls(None).iter().flat_map(|call| &call.supervisors).map(|one| one.mode).collect()
}

pub fn wait_for_modes(world: &World, wanted: &[Mode]) {
    world.wait_for(&format!("{wanted:?}"), || (modes(world) == wanted).then_some(()));
}

#[track_caller]
pub fn hear_by_the_table(mode: Mode, john: &Baresip, mary: &Baresip, adam: &Baresip) {
    let (agent, client): (&[u32], &[u32]) = match mode {
        Mode::Spy => (&[MARY], &[JOHN]),
        Mode::Whisper => (&[MARY, ADAM], &[JOHN]),
        Mode::BargeIn => (&[MARY, ADAM], &[JOHN, ADAM]),
    };
    hear_exactly([("the manager", adam, &[JOHN, MARY]), ("the agent", john, agent), ("the client", mary, client)]);
}

/// A manager wants to spy, from the console.
pub fn wish(manager: AccountId, agent: AccountId, follow: bool) -> Command {
    Command::Supervise { manager, agent, mode: Mode::Spy, follow, call: None, ticket: None, desk: false }
}

/// What the audit log has of supervision, the oldest first: who, what, before, after.
pub fn told(world: &World) -> Vec<(String, String, String, String)> {
    let line = |row: AuditRow| (row.actor, row.action, row.change.old, row.change.new);
    lines(world).into_iter().map(line).collect()
}

pub fn lines(world: &World) -> Vec<AuditRow> {
    let filters = AuditFilters { subject: Some(Subject::Supervision), ..AuditFilters::default() };
    let audit = world.store.audit();
    let page = world.block_on(audit.list(Scope::for_system(), &filters, None)).unwrap();
    page.rows.into_iter().rev().collect()
}

/// Changes the memberships of Support.
pub fn change_support(world: &World, change: impl Fn(&str, &mut Member)) {
    let tenant = tenant(world);
    let groups = world.store.huntgroups(tenant);
    let group = world.block_on(groups.all()).unwrap().into_iter().find(|group| group.value.name == "Support").unwrap();
    let mut members = group.value.members;
    for member in &mut members {
        let caller = world.block_on(world.store.exchange().caller(member.account)).unwrap().unwrap();
        change(caller.line.extension.as_str(), member);
    }
    let by = Change::by_system(tandem_domain::ids::Timestamp(1));
    world.block_on(groups.set_members(group.id, group.version, &members, &by)).unwrap();
}
