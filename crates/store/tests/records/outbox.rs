//! The outbox: a mail is one sender's at a time, is sent once, and nothing is lost when a sender dies.

use std::collections::BTreeSet;

use tandem_domain::{
    audit::Subject,
    ids::{MailId, Timestamp},
    list::Query,
    mail::{ATTEMPTS_MAX, MailKind, MailState, back_off_seconds},
    settings::Setting,
};
use tandem_store::outbox::{Mail, MailFilters};
use uuid::Uuid;

use crate::{
    recordings::{Abc, set, set_class},
    world::{START, World, at_once, not_found, refusal},
};

on_both!(
    a_mail_is_taken_sent_and_over,
    senders_at_once_never_get_the_same_mail,
    a_mail_whose_sender_died_comes_back_after_its_time,
    a_mail_that_fails_is_tried_again_later_and_less_and_less_often,
    a_mail_that_is_refused_for_good_is_not_tried_again,
    a_mail_at_which_senders_die_fails_in_the_end,
    who_comes_late_changes_nothing,
    what_is_given_back_was_not_tried,
    somebody_has_a_failed_mail_tried_again,
    mails_are_listed_and_found,
);

const LEASE: i64 = 60;

/// Writes so many mails at the start of time, and gives ABC.
async fn write(world: &World, mails: i64) -> Abc {
    let abc = Abc::new(world).await;
    set_class(world, abc.tenant, true, None).await;
    set(world, abc.tenant, None, Setting::RecordByEmail, true).await;
    for second in 0..mails {
        abc.finish(world, second, START.plus_seconds(second)).await;
    }
    abc
}

async fn claim(world: &World, second: i64) -> Option<Mail> {
    world.store.outbox().claim(START.plus_seconds(second), LEASE).await.unwrap()
}

async fn state(world: &World, id: MailId) -> (MailState, u32, String) {
    let row = world.store.outbox().one(id).await.unwrap().row;
    (row.state, row.attempts, row.error)
}

async fn a_mail_is_taken_sent_and_over(world: World) {
    let outbox = world.store.outbox();
    assert_eq!((outbox.next_due().await.unwrap(), claim(&world, 1000).await), (None, None));
    let abc = write(&world, 2).await;
    assert_eq!(outbox.next_due().await.unwrap(), Some(START));
    let first = claim(&world, 0).await.unwrap();
    assert_eq!((first.attempt, first.recipient.as_str()), (1, "744@abc.example"));
    assert_eq!((first.account, first.created), (Some(abc.john), START));
    assert_eq!(claim(&world, 0).await, None, "the other's time comes in a second");
    assert_eq!(outbox.next_due().await.unwrap(), Some(START.plus_seconds(1)));
    let second = claim(&world, 1).await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(
        outbox.next_due().await.unwrap(),
        Some(START.plus_seconds(LEASE)),
        "when the first sender is taken for dead"
    );
    let at = START.plus_seconds(2);
    assert!(outbox.sent(&first, at).await.unwrap());
    assert!(!outbox.sent(&first, at).await.unwrap());
    assert!(outbox.sent(&second, at).await.unwrap());
    assert_eq!((outbox.next_due().await.unwrap(), claim(&world, 1000).await), (None, None));
    let row = outbox.one(first.id).await.unwrap().row;
    assert_eq!((row.state, row.attempts, row.sent, row.error.as_str()), (MailState::Sent, 1, Some(at), ""));
}

async fn senders_at_once_never_get_the_same_mail(world: World) {
    write(&world, 30).await;
    let claimed = at_once((0..12).map(|_| {
        let store = world.store.clone();
        async move {
            let mut mine = Vec::new();
            // Several may look at the same one at once; whoever finds it taken looks again.
            while store.outbox().count(MailState::Waiting).await.unwrap() > 0 {
                mine.extend(store.outbox().claim(START.plus_seconds(100), LEASE).await.unwrap());
            }
            mine
        }
    }))
    .await;
    let claimed: Vec<MailId> = claimed.into_iter().flatten().map(|mail| mail.id).collect();
    assert_eq!((claimed.len(), claimed.iter().collect::<BTreeSet<_>>().len()), (30, 30));
}

async fn a_mail_whose_sender_died_comes_back_after_its_time(world: World) {
    write(&world, 1).await;
    let first = claim(&world, 0).await.unwrap();
    assert_eq!(claim(&world, LEASE - 1).await, None);
    let second = claim(&world, LEASE).await.unwrap();
    assert_eq!(second, Mail { attempt: 2, ..first });
    assert_eq!(claim(&world, 2 * LEASE - 1).await, None, "it is the second's for as long");
}

async fn a_mail_that_fails_is_tried_again_later_and_less_and_less_often(world: World) {
    write(&world, 1).await;
    let outbox = world.store.outbox();
    let mut now = 0;
    for attempt in 1..ATTEMPTS_MAX {
        let mail = claim(&world, now).await.unwrap();
        assert_eq!(mail.attempt, attempt);
        let error = format!("451 try later ({attempt})");
        assert!(outbox.failed(&mail, START.plus_seconds(now), &error, false).await.unwrap());
        assert_eq!(state(&world, mail.id).await, (MailState::Waiting, attempt, error));
        now += back_off_seconds(attempt);
        assert_eq!(claim(&world, now - 1).await, None);
        assert_eq!(outbox.next_due().await.unwrap(), Some(START.plus_seconds(now)));
    }
    let last = claim(&world, now).await.unwrap();
    assert!(outbox.failed(&last, START.plus_seconds(now), "451 never", false).await.unwrap());
    assert_eq!(state(&world, last.id).await, (MailState::Failed, ATTEMPTS_MAX, "451 never".into()));
    assert_eq!((outbox.next_due().await.unwrap(), outbox.count(MailState::Failed).await.unwrap()), (None, 1));
}

async fn a_mail_that_is_refused_for_good_is_not_tried_again(world: World) {
    write(&world, 1).await;
    let mail = claim(&world, 0).await.unwrap();
    let odd = format!("550 no such user\r\n\0{}", "é".repeat(10_000));
    assert!(world.store.outbox().failed(&mail, START, &odd, true).await.unwrap());
    let (state, attempts, error) = state(&world, mail.id).await;
    assert_eq!((state, attempts), (MailState::Failed, 1));
    assert!(error.starts_with("550 no such user\r\n\u{fffd}é") && error.len() <= 2000);
    assert_eq!(claim(&world, 1_000_000).await, None);
}

async fn a_mail_at_which_senders_die_fails_in_the_end(world: World) {
    write(&world, 1).await;
    let mut last = None;
    for attempt in 0..i64::from(ATTEMPTS_MAX) {
        last = claim(&world, attempt * LEASE).await;
        assert!(last.is_some());
    }
    assert_eq!(claim(&world, 1_000_000).await, None);
    let (state, attempts, error) = state(&world, last.unwrap().id).await;
    assert_eq!((state, attempts), (MailState::Failed, ATTEMPTS_MAX));
    assert_eq!(error, "Whoever was to send this stopped without a word, again and again.");
}

async fn who_comes_late_changes_nothing(world: World) {
    write(&world, 1).await;
    let outbox = world.store.outbox();
    let first = claim(&world, 0).await.unwrap();
    let second = claim(&world, LEASE).await.unwrap();
    let now = START.plus_seconds(LEASE + 1);
    assert!(!outbox.failed(&first, now, "late", false).await.unwrap(), "it is another's now");
    assert!(!outbox.give_back(&first, now).await.unwrap());
    assert_eq!(state(&world, first.id).await, (MailState::Sending, 2, String::new()));
    // The first had it sent after all: that is true whoever has it.
    assert!(outbox.sent(&first, now).await.unwrap());
    assert!(!outbox.failed(&second, now, "late", true).await.unwrap());
    assert!(!outbox.sent(&second, now).await.unwrap());
    assert_eq!(state(&world, first.id).await, (MailState::Sent, 2, String::new()));
}

async fn what_is_given_back_was_not_tried(world: World) {
    write(&world, 1).await;
    let outbox = world.store.outbox();
    let first = claim(&world, 0).await.unwrap();
    let now = START.plus_seconds(1);
    assert!(outbox.give_back(&first, now).await.unwrap());
    assert!(!outbox.give_back(&first, now).await.unwrap());
    assert_eq!(state(&world, first.id).await, (MailState::Waiting, 0, String::new()));
    assert_eq!(claim(&world, 1).await, Some(first));
}

async fn somebody_has_a_failed_mail_tried_again(world: World) {
    write(&world, 1).await;
    let outbox = world.store.outbox();
    let mail = claim(&world, 0).await.unwrap();
    refusal(outbox.retry(&world.change(), mail.id).await, "state");
    outbox.failed(&mail, START, "550 no such user", true).await.unwrap();
    let lines = world.lines().await;
    let change = world.change();
    outbox.retry(&change, mail.id).await.unwrap();
    assert_eq!(state(&world, mail.id).await, (MailState::Waiting, 0, "550 no such user".into()));
    assert_eq!(outbox.next_due().await.unwrap(), Some(change.at));
    // One that waits for its next attempt need not wait.
    let again = outbox.claim(change.at, LEASE).await.unwrap().unwrap();
    outbox.failed(&again, change.at, "451 later", false).await.unwrap();
    let change = world.change();
    outbox.retry(&change, mail.id).await.unwrap();
    let last = outbox.claim(change.at, LEASE).await.unwrap().unwrap();
    outbox.sent(&last, change.at).await.unwrap();
    refusal(outbox.retry(&world.change(), mail.id).await, "state");
    not_found(outbox.retry(&world.change(), MailId(Uuid::nil())).await);
    let told = |old: &str| ["744@abc.example: Recording with 702", "changed", "mail", old, "waiting"].map(String::from);
    assert_eq!(world.told_since(lines).await, [told("failed"), told("waiting")]);
    let last = world.audit().await.pop().unwrap();
    assert_eq!((last.subject, last.customer), (Subject::Recording, None), "the provider's own business");
}

async fn mails_are_listed_and_found(world: World) {
    let abc = write(&world, 3).await;
    let panda = world.customer("Panda").await;
    let outbox = world.store.outbox();
    let [first, second] = [claim(&world, 0).await.unwrap(), claim(&world, 1).await.unwrap()];
    outbox.sent(&first, START).await.unwrap();
    outbox.failed(&second, START, "550", true).await.unwrap();
    let listed = async |search: &str, filters: MailFilters| {
        let query = Query { search: search.into(), ..Query::default() };
        let page = outbox.list(&query, &filters).await.unwrap();
        assert_eq!(page.count as usize, page.rows.len());
        page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let none = MailFilters::default();
    let all = listed("", none).await;
    assert_eq!((all.len(), &all[1..]), (3, &[second.id, first.id][..]));
    let customer = Some(abc.tenant.customer());
    for (search, filters, expected) in [
        ("744 abc", none, &all[..]),
        ("recording 702", none, &all[..]),
        ("nobody", none, &[]),
        ("", MailFilters { state: Some(MailState::Sent), ..none }, &all[2..]),
        ("", MailFilters { state: Some(MailState::Failed), customer, ..none }, &all[1..2]),
        (
            "",
            MailFilters { state: Some(MailState::Waiting), kind: Some(MailKind::NewCallRecording), ..none },
            &all[..1],
        ),
        ("", MailFilters { customer, kind: Some(MailKind::NewCallRecording), ..none }, &all[..]),
        ("", MailFilters { customer: Some(panda.customer()), ..none }, &[]),
    ] {
        assert_eq!(listed(search, filters).await, expected, "{search} {filters:?}");
    }
    let row = &outbox.list(&Query::default(), &none).await.unwrap().rows[1];
    assert_eq!(
        (row.customer_name.as_str(), row.error.as_str(), row.created),
        ("ABC", "550", Timestamp(START.0 + 1000))
    );

    // The mailbox shows what was sent, to whom it was sent.
    let mailbox = outbox.of_account(abc.john, &Query::default()).await.unwrap();
    assert_eq!((mailbox.count, mailbox.rows[0].id), (1, first.id));
    assert_eq!(outbox.of_account(abc.mary, &Query::default()).await.unwrap().rows, []);
    assert_eq!(outbox.one_of_account(abc.john, first.id).await.unwrap().text, first.text);
    not_found(outbox.one_of_account(abc.mary, first.id).await);
    not_found(outbox.one_of_account(abc.john, second.id).await);
    not_found(outbox.one(MailId(Uuid::nil())).await);
}
