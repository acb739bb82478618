//! Recordings: finished once, seen by those they are for, found, deleted, and e-mailed when all three conditions hold.

use tandem_domain::{
    access::{Scope, Tenant, Who},
    account::Account,
    audit::Subject,
    calls::{Direction, Party},
    class::{CustomerClass, Notification},
    customer::Customer,
    ids::{AccountId, AdministratorId, CallId, CustomerId, RecordingId, Timestamp},
    list::{Cursor, PAGE_ROWS, Query},
    mail::{MailKind, MailState},
    recordings::{MarkKind, Recording, Segment, Sight},
    settings::{Setting, Value},
    status::Status,
};
use tandem_store::{
    StoreError,
    audit::AuditFilters,
    demo,
    recordings::{Addressee, Finished, FinishedRecording, Letter, RecordingFilters},
};
use uuid::Uuid;

use crate::world::{START, World, at_once, not_found};

on_both!(
    a_recording_is_read_as_it_was_finished,
    what_is_finished_again_is_left_as_it_is,
    of_several_who_finish_it_at_once_one_does,
    everybody_sees_what_is_for_them_and_nothing_else,
    an_account_hides_its_recording_and_shows_it_again,
    the_setting_at_the_end_decides_who_sees_it,
    the_e_mail_is_written_when_all_three_conditions_hold,
    recordings_of_accounts_that_are_gone_are_kept,
    filters_find_what_they_say,
    many_recordings_are_paged,
    who_deletes_deletes_what_they_see,
    a_deleted_recording_does_not_come_back_and_is_not_sent,
    what_is_left_in_the_object_store_is_told_until_it_is_gone,
    a_class_keeps_recordings_for_its_days,
    what_the_staff_listens_to_is_on_record,
    odd_texts_are_kept_harmless,
);

const STAFF: Who = Who::Administrator(AdministratorId(Uuid::nil()));

/// ABC with John (744), Mary Smith (702) and Adam (701), who have e-mail addresses.
pub struct Abc {
    pub tenant: Tenant,
    pub john: AccountId,
    pub mary: AccountId,
    pub adam: AccountId,
}

impl Abc {
    pub async fn new(world: &World) -> Self {
        let tenant = world.customer("ABC").await;
        let account = async |name: &str, extension: &str| {
            let account =
                Account { email: format!("{extension}@abc.example"), ..crate::world::account(tenant, name, extension) };
            world.store.accounts().create(tenant, &account, None, &world.change()).await.unwrap()
        };
        let (john, mary, adam) =
            (account("John", "744").await, account("Mary Smith", "702").await, account("Adam", "701").await);
        Self { tenant, john, mary, adam }
    }

    fn who(&self, account: AccountId) -> Who {
        Who::Account { account, customer: self.tenant.customer() }
    }

    fn company(&self) -> Who {
        Who::Customer(self.tenant.customer())
    }

    /// John's recording of his call to Mary, a minute long, `second` seconds after the start.
    fn internal(&self, world: &World, second: i64) -> FinishedRecording {
        let started = START.plus_seconds(second);
        let mut recording = Recording {
            id: world.store.recordings().new_id(started),
            call: CallId(world.store.recordings().new_id(started).0),
            customer: self.tenant.customer(),
            account: self.john,
            account_only: false,
            direction: Direction::Internal,
            caller: party("744", "John", Some(self.john)),
            callee: party("702", "Mary Smith", Some(self.mary)),
            huntgroup: String::new(),
            started,
            ended: started.plus_seconds(70),
            segments: vec![
                Segment { started, length_ms: Some(40_000) },
                Segment { started: started.plus_seconds(50), length_ms: Some(20_000) },
            ],
            marks: Vec::new(),
        };
        recording.mark(started, MarkKind::Started, "");
        recording.mark(started.plus_seconds(5), MarkKind::Review, "“Zoë”");
        FinishedRecording { recording, wav_octets: 1_920_044, opus_octets: 240_000 }
    }

    /// John's recording of a call that began so many seconds after the start is finished now.
    pub async fn finish(&self, world: &World, second: i64, now: Timestamp) {
        let finished = self.internal(world, second);
        world.store.recordings().finish(now, &finished, letter).await.unwrap();
    }

    /// Mary's recording of a call from outside, half a minute long.
    fn incoming(&self, world: &World, second: i64) -> FinishedRecording {
        let finished = self.internal(world, second);
        let started = finished.recording.started;
        let recording = Recording {
            account: self.mary,
            direction: Direction::Incoming,
            caller: party("+491701234567", "Zoë Client", None),
            huntgroup: "Support".into(),
            segments: vec![Segment { started, length_ms: Some(30_000) }],
            ..finished.recording
        };
        FinishedRecording { recording, ..finished }
    }
}

fn party(number: &str, name: &str, account: Option<AccountId>) -> Party {
    Party { number: number.into(), name: name.into(), account }
}

/// The same, for its account only.
fn private(finished: FinishedRecording) -> FinishedRecording {
    let recording = Recording { account_only: true, ..finished.recording };
    FinishedRecording { recording, ..finished }
}

fn letter(recording: &Recording, to: &Addressee) -> Letter {
    Letter {
        subject: format!("Recording with {}", recording.other().number),
        text: format!("Dear {} of {}", to.name, to.customer_name),
        html: "<p>Dear</p>".into(),
        attached: true,
    }
}

async fn finish(world: &World, finished: &FinishedRecording) -> Finished {
    world.store.recordings().finish(world.now(), finished, letter).await.unwrap()
}

async fn listed(world: &World, who: Who, search: &str, filters: RecordingFilters) -> Vec<RecordingId> {
    let query = Query { search: search.into(), ..Query::default() };
    let page = world.store.recordings().list(who, &query, &filters).await.unwrap();
    assert_eq!(page.count as usize, page.rows.len(), "{who:?} {search} {filters:?}");
    page.rows.into_iter().map(|row| row.recording.id).collect()
}

async fn all_of(world: &World, who: Who) -> Vec<RecordingId> {
    listed(world, who, "", RecordingFilters::default()).await
}

/// Turns a setting of a customer, or of an account of it, on or off.
pub async fn set(world: &World, tenant: Tenant, account: Option<AccountId>, setting: Setting, on: bool) {
    let value = Some(Value::Switch(on));
    world.store.settings(tenant).set(account, setting, value, None, &world.change()).await.unwrap();
}

/// Gives a customer a class of its own with the notification on or off.
pub async fn set_class(world: &World, tenant: Tenant, told: bool, kept: Option<u32>) {
    let notifications = if told { vec![Notification::NewCallRecording] } else { Vec::new() };
    let name = format!("Class {}", world.now().0);
    let class = CustomerClass { name, notifications, recordings_kept_days: kept };
    let class = world.store.classes().create(&class, &world.change()).await.unwrap();
    let customer = world.store.customers().get(tenant).await.unwrap();
    let with_class = Customer { class, ..customer.value };
    world.store.customers().update(tenant, customer.version, &with_class, &world.change()).await.unwrap();
}

async fn a_recording_is_read_as_it_was_finished(world: World) {
    let abc = Abc::new(&world).await;
    let finished = abc.internal(&world, 0);
    assert_eq!(finish(&world, &finished).await, Finished::New(None));
    let row = world.store.recordings().one(abc.who(abc.john), finished.recording.id).await.unwrap();
    assert_eq!((&row.recording, row.customer_name.as_str()), (&finished.recording, "ABC"));
    assert_eq!((row.account_name.as_str(), row.extension.as_str()), ("John", "744"));
    assert_eq!((row.wav_octets, row.opus_octets), (1_920_044, 240_000));
    let page = world.store.recordings().list(STAFF, &Query::default(), &RecordingFilters::default()).await.unwrap();
    assert_eq!((page.count, page.rows), (1, vec![row]));
}

async fn what_is_finished_again_is_left_as_it_is(world: World) {
    let abc = Abc::new(&world).await;
    set_class(&world, abc.tenant, true, None).await;
    set(&world, abc.tenant, None, Setting::RecordByEmail, true).await;
    let finished = abc.internal(&world, 0);
    let Finished::New(Some(mail)) = finish(&world, &finished).await else { panic!("it is new, and e-mailed") };
    let mut again = finished.clone();
    again.recording.caller.number = "99".into();
    again.wav_octets = 7;
    assert_eq!(finish(&world, &again).await, Finished::Before);
    let row = world.store.recordings().one(STAFF, finished.recording.id).await.unwrap();
    assert_eq!((row.recording, row.wav_octets), (finished.recording, finished.wav_octets));
    assert_eq!(listed(&world, STAFF, "99", RecordingFilters::default()).await, []);
    let mails = world.store.outbox().list(&Query::default(), &Default::default()).await.unwrap();
    assert_eq!(mails.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [mail]);
}

async fn of_several_who_finish_it_at_once_one_does(world: World) {
    let abc = Abc::new(&world).await;
    set_class(&world, abc.tenant, true, None).await;
    set(&world, abc.tenant, None, Setting::RecordByEmail, true).await;
    for round in 0..4 {
        let finished = abc.internal(&world, round);
        let results = at_once((0..6).map(|_| {
            let (store, finished) = (world.store.clone(), finished.clone());
            async move { store.recordings().finish(START, &finished, letter).await.unwrap() }
        }))
        .await;
        assert_eq!(results.iter().filter(|result| matches!(result, Finished::New(Some(_)))).count(), 1);
        assert_eq!(results.iter().filter(|result| **result == Finished::Before).count(), 5);
    }
    assert_eq!(world.store.outbox().count(MailState::Waiting).await.unwrap(), 4);
}

async fn everybody_sees_what_is_for_them_and_nothing_else(world: World) {
    let abc = Abc::new(&world).await;
    let panda = world.customer("Panda").await;
    let lin = world.account(panda, "Lin", "801").await;
    let (inside, outside) = (abc.internal(&world, 0), abc.incoming(&world, 1));
    let hidden = private(abc.internal(&world, 2));
    // Panda's recording, which says that John took part: other customers' accounts are no parties.
    let id = world.store.recordings().new_id(START.plus_seconds(3));
    let foreign = Recording { id, customer: panda.customer(), account: lin, ..inside.recording.clone() };
    let foreign = FinishedRecording { recording: foreign, ..inside };
    let all = [&foreign, &hidden, &outside, &inside];
    for finished in all {
        finish(&world, finished).await;
    }
    let people = [
        (abc.who(abc.john), vec![&hidden, &inside]),
        (abc.who(abc.mary), vec![&outside, &inside]),
        (abc.who(abc.adam), vec![]),
        (abc.company(), vec![&outside, &inside]),
        (Who::Account { account: lin, customer: panda.customer() }, vec![&foreign]),
        (Who::Customer(panda.customer()), vec![&foreign]),
        (Who::Customer(CustomerId(Uuid::nil())), vec![]),
        (Who::Account { account: AccountId(Uuid::nil()), customer: abc.tenant.customer() }, vec![]),
        (STAFF, all.to_vec()),
    ];
    for (who, seen) in people {
        let seen: Vec<RecordingId> = seen.into_iter().map(|finished| finished.recording.id).collect();
        assert_eq!(all_of(&world, who).await, seen, "{who:?}");
        for finished in all {
            let Recording { id, customer, .. } = finished.recording;
            let one = world.store.recordings().one(who, id).await;
            let sight = finished.recording.sight(who);
            assert_eq!((one.is_ok(), sight != Sight::Nothing), (seen.contains(&id), seen.contains(&id)), "{who:?}");
            if one.is_err() {
                not_found(one);
            }
            let of_call = world.store.recordings().of_call(who, finished.recording.call).await.unwrap();
            let of_call: Vec<RecordingId> = of_call.into_iter().map(|row| row.recording.id).collect();
            // The foreign one is a recording of the same call, as another customer's may be.
            let expected = all.iter().filter(|other| other.recording.call == finished.recording.call);
            let expected = expected.map(|other| other.recording.id).filter(|id| seen.contains(id));
            assert_eq!(of_call, expected.rev().collect::<Vec<_>>(), "{who:?}");
            // Nothing that is asked for shows more.
            let filters = [
                RecordingFilters { customer: Some(customer), ..Default::default() },
                RecordingFilters { account: Some(abc.john), ..Default::default() },
                RecordingFilters { caller: "744".into(), ..Default::default() },
                RecordingFilters { destination: "mary".into(), ..Default::default() },
                RecordingFilters { shortest_ms: Some(1), ..Default::default() },
                RecordingFilters { longest_ms: Some(60_000), from: Some(START), ..Default::default() },
            ];
            for filters in filters {
                let found = listed(&world, who, "", filters).await;
                assert!(found.iter().all(|id| seen.contains(id)), "{who:?}");
            }
            for search in ["john", "74", &format!("@{}", abc.john.0.simple()), "<744", ">702"] {
                let found = listed(&world, who, search, RecordingFilters::default()).await;
                assert!(found.iter().all(|id| seen.contains(id)), "{who:?} {search}");
            }
        }
    }
    not_found(world.store.recordings().one(STAFF, RecordingId(Uuid::nil())).await);
}

async fn an_account_hides_its_recording_and_shows_it_again(world: World) {
    let abc = Abc::new(&world).await;
    let finished = abc.internal(&world, 0);
    let id = finished.recording.id;
    finish(&world, &finished).await;
    let recordings = world.store.recordings();
    not_found(recordings.set_account_only(&world.change(), abc.mary, id, true).await);
    not_found(recordings.set_account_only(&world.change(), abc.john, RecordingId(Uuid::nil()), true).await);
    let lines = world.lines().await;
    for on in [true, true, false, false, true] {
        recordings.set_account_only(&world.by("john"), abc.john, id, on).await.unwrap();
        let others = if on { vec![] } else { vec![id] };
        assert_eq!(all_of(&world, abc.who(abc.mary)).await, others);
        assert_eq!(all_of(&world, abc.company()).await, others);
        assert_eq!(listed(&world, abc.company(), "mary", RecordingFilters::default()).await, others);
        assert_eq!(all_of(&world, abc.who(abc.john)).await, [id]);
        assert_eq!(recordings.one(abc.who(abc.john), id).await.unwrap().recording.account_only, on);
        assert_eq!(recordings.one(abc.who(abc.mary), id).await.is_ok(), !on);
    }
    let name = "John (744) → Mary Smith (702)";
    let told = |old: &str, new: &str| [name, "changed", "record_account_only", old, new].map(String::from);
    assert_eq!(world.told_since(lines).await, [told("off", "on"), told("on", "off"), told("off", "on")]);
    let of_company = AuditFilters { subject: Some(Subject::Recording), ..AuditFilters::default() };
    let page = world.store.audit().list(Scope::of(abc.tenant), &of_company, None).await.unwrap();
    assert_eq!(page.rows, [], "the company does not read of what it does not see");
}

async fn the_setting_at_the_end_decides_who_sees_it(world: World) {
    let abc = Abc::new(&world).await;
    // While it was recorded it was for all, at its end the account has it for itself.
    set(&world, abc.tenant, Some(abc.john), Setting::RecordAccountOnly, true).await;
    let (own, marys) = (abc.internal(&world, 0), abc.incoming(&world, 1));
    finish(&world, &own).await;
    finish(&world, &marys).await;
    assert_eq!(all_of(&world, abc.company()).await, [marys.recording.id]);
    assert!(world.store.recordings().one(STAFF, own.recording.id).await.unwrap().recording.account_only);
    // What was said to be secret stays so; what the customer has for all accounts one may have otherwise.
    set(&world, abc.tenant, Some(abc.john), Setting::RecordAccountOnly, false).await;
    set(&world, abc.tenant, None, Setting::RecordAccountOnly, true).await;
    let (open, secret) = (abc.internal(&world, 2), private(abc.internal(&world, 3)));
    let marys_second = abc.incoming(&world, 4);
    for finished in [&open, &secret, &marys_second] {
        finish(&world, finished).await;
    }
    assert_eq!(all_of(&world, abc.company()).await, [open.recording.id, marys.recording.id]);
}

async fn the_e_mail_is_written_when_all_three_conditions_hold(world: World) {
    let abc = Abc::new(&world).await;
    let mut second = 0;
    for told in [false, true] {
        set_class(&world, abc.tenant, told, None).await;
        for address in ["", "john@abc.example"] {
            let john = world.store.accounts().get(abc.tenant, abc.john).await.unwrap();
            let with_address = Account { email: address.into(), ..john.value };
            let change = world.change();
            world.store.accounts().update(abc.tenant, abc.john, john.version, &with_address, &change).await.unwrap();
            for (of_customer, of_account) in [(false, false), (true, false), (false, true), (true, true)] {
                set(&world, abc.tenant, None, Setting::RecordByEmail, of_customer).await;
                set(&world, abc.tenant, Some(abc.john), Setting::RecordByEmail, of_account).await;
                second += 1;
                let finished = abc.internal(&world, second);
                let expected = told && !address.is_empty() && of_account;
                match finish(&world, &finished).await {
                    Finished::New(Some(id)) => {
                        assert!(expected, "{told} {address} {of_customer} {of_account}");
                        let mail = world.store.outbox().one(id).await.unwrap();
                        let row = &mail.row;
                        assert_eq!((row.kind, row.state), (MailKind::NewCallRecording, MailState::Waiting));
                        assert_eq!((row.customer, row.account), (Some(abc.tenant.customer()), Some(abc.john)));
                        assert_eq!((row.recipient.as_str(), row.subject.as_str()), (address, "Recording with 702"));
                        assert_eq!((mail.text.as_str(), mail.html.as_str()), ("Dear John of ABC", "<p>Dear</p>"));
                        assert_eq!(row.recording, Some(finished.recording.id));
                    }
                    other => assert_eq!((other, expected), (Finished::New(None), false)),
                }
            }
        }
    }
    assert_eq!(world.store.outbox().count(MailState::Waiting).await.unwrap(), 2);
}

async fn recordings_of_accounts_that_are_gone_are_kept(world: World) {
    let abc = Abc::new(&world).await;
    set_class(&world, abc.tenant, true, None).await;
    set(&world, abc.tenant, None, Setting::RecordByEmail, true).await;
    let accounts = world.store.accounts();
    accounts.set_status(abc.tenant, abc.john, Status::Closed, None, "", &world.change()).await.unwrap();
    let closed = abc.internal(&world, 0);
    assert_eq!(finish(&world, &closed).await, Finished::New(None), "who has left gets no mail");
    let mut unknown = abc.internal(&world, 1);
    unknown.recording.account = AccountId(Uuid::from_u128(1));
    assert_eq!(finish(&world, &unknown).await, Finished::New(None));
    let row = world.store.recordings().one(STAFF, unknown.recording.id).await.unwrap();
    assert_eq!((row.account_name.as_str(), row.extension.as_str()), ("", ""));
    assert_eq!(all_of(&world, abc.company()).await, [unknown.recording.id, closed.recording.id]);
    let mut nobodys = abc.internal(&world, 2);
    nobodys.recording.customer = CustomerId(Uuid::from_u128(1));
    not_found(world.store.recordings().finish(START, &nobodys, letter).await);
}

async fn filters_find_what_they_say(world: World) {
    let abc = Abc::new(&world).await;
    let panda = world.customer("Panda").await;
    let (inside, outside) = (abc.internal(&world, 0), abc.incoming(&world, 60));
    let id = world.store.recordings().new_id(START.plus_seconds(120));
    let other = Recording { id, customer: panda.customer(), ..outside.recording.clone() };
    let other = FinishedRecording { recording: other, ..outside };
    for finished in [&inside, &outside, &other] {
        finish(&world, finished).await;
    }
    let (inside, outside, other) = (inside.recording.id, outside.recording.id, other.recording.id);
    let none = RecordingFilters::default;
    let caller = |text: &str| RecordingFilters { caller: text.into(), ..none() };
    let destination = |text: &str| RecordingFilters { destination: text.into(), ..none() };
    let minute = |n: i64| Some(START.plus_seconds(60 * n));
    for (search, filters, expected) in [
        ("", none(), &[other, outside, inside][..]),
        ("smith", none(), &[other, outside, inside]),
        ("supp", none(), &[other, outside]),
        ("john mary", none(), &[inside]),
        ("", caller("john"), &[inside]),
        ("", caller("744"), &[inside]),
        ("", caller("mary"), &[]),
        ("", caller("+49 170 123"), &[other, outside]),
        ("", caller("zo cl"), &[other, outside]),
        ("", destination("702"), &[other, outside, inside]),
        ("", destination("john"), &[]),
        ("", RecordingFilters { destination: "smith".into(), ..caller("jo") }, &[inside]),
        ("zoë", caller("jo"), &[]),
        ("", RecordingFilters { customer: Some(panda.customer()), ..none() }, &[other]),
        ("", RecordingFilters { account: Some(abc.john), ..none() }, &[inside]),
        ("", RecordingFilters { account: Some(abc.mary), ..none() }, &[other, outside, inside]),
        ("", RecordingFilters { from: minute(1), ..none() }, &[other, outside]),
        ("", RecordingFilters { until: minute(1), ..none() }, &[inside]),
        ("", RecordingFilters { from: minute(1), until: minute(2), ..none() }, &[outside]),
        ("", RecordingFilters { shortest_ms: Some(30_001), ..none() }, &[inside]),
        ("", RecordingFilters { shortest_ms: Some(30_000), ..none() }, &[other, outside, inside]),
        ("", RecordingFilters { longest_ms: Some(59_999), ..none() }, &[other, outside]),
        ("", RecordingFilters { shortest_ms: Some(30_000), longest_ms: Some(30_000), ..none() }, &[other, outside]),
        ("", RecordingFilters { shortest_ms: Some(u64::MAX), ..none() }, &[]),
        ("", RecordingFilters { shortest_ms: Some(9), longest_ms: Some(1), ..none() }, &[]),
        ("", RecordingFilters { longest_ms: Some(40_000), from: minute(1), ..caller("zoë") }, &[other, outside]),
    ] {
        assert_eq!(listed(&world, STAFF, search, filters.clone()).await, expected, "{search} {filters:?}");
        let own: Vec<_> = expected.iter().copied().filter(|id| *id != other).collect();
        assert_eq!(listed(&world, abc.company(), search, filters.clone()).await, own, "{search} {filters:?}");
        assert_eq!(listed(&world, abc.who(abc.mary), search, filters.clone()).await, own, "{search} {filters:?}");
    }
}

async fn many_recordings_are_paged(world: World) {
    demo::bulk_recordings(&world.store, 100, START).await.unwrap();
    demo::bulk(&world.store, 3, 30, 0, START).await.unwrap();
    demo::bulk_recordings(&world.store, 400, START).await.unwrap();
    let recordings = world.store.recordings();
    let everything = async |who: Who, filters: &RecordingFilters| {
        let (mut all, mut cursor) = (Vec::new(), None::<Cursor>);
        loop {
            let query = Query { cursor, ..Query::default() };
            let page = recordings.list(who, &query, filters).await.unwrap();
            assert!(page.rows.len() <= PAGE_ROWS as usize);
            all.extend(page.rows.into_iter().map(|row| row.recording));
            cursor = page.next;
            if cursor.is_none() {
                assert_eq!(all.len(), page.count as usize);
                return all;
            }
        }
    };
    let none = RecordingFilters::default;
    let all = everything(STAFF, &none()).await;
    assert_eq!(all.len(), 400);
    assert!(all.is_sorted_by_key(|recording| std::cmp::Reverse((recording.id, recording.started))));
    let Recording { customer, account, .. } = all[0].clone();
    for who in [STAFF, Who::Customer(customer), Who::Account { account, customer }] {
        for filters in [
            none(),
            RecordingFilters { shortest_ms: Some(300_000), ..none() },
            RecordingFilters { shortest_ms: Some(300_000), longest_ms: Some(500_000), ..none() },
            RecordingFilters { until: Some(all[100].started), customer: Some(customer), ..none() },
            RecordingFilters { from: Some(all[300].started), longest_ms: Some(200_000), ..none() },
        ] {
            let expected: Vec<Recording> = all
                .iter()
                .filter(|recording| {
                    recording.sight(who) != Sight::Nothing
                        && filters.customer.is_none_or(|customer| recording.customer == customer)
                        && filters.from.is_none_or(|from| recording.started >= from)
                        && filters.until.is_none_or(|until| recording.started < until)
                        && recording.length_ms() >= filters.shortest_ms.unwrap_or(0)
                        && recording.length_ms() <= filters.longest_ms.unwrap_or(u64::MAX)
                })
                .cloned()
                .collect();
            assert_eq!(everything(who, &filters).await, expected, "{who:?} {filters:?}");
        }
    }
}

async fn who_deletes_deletes_what_they_see(world: World) {
    let abc = Abc::new(&world).await;
    let panda = world.customer("Panda").await;
    let recordings = world.store.recordings();
    let (inside, outside) = (abc.internal(&world, 0), abc.incoming(&world, 1));
    let hidden = private(abc.internal(&world, 2));
    for finished in [&inside, &outside, &hidden] {
        finish(&world, finished).await;
    }
    let all = [&inside, &outside, &hidden].map(|finished| finished.recording.id);
    let [inside_id, outside_id, hidden_id] = all;
    let lines = world.lines().await;
    for nobody in [Who::Customer(panda.customer()), abc.who(abc.adam)] {
        assert_eq!(recordings.delete(&world.change(), nobody, &all).await.unwrap(), 0);
    }
    assert_eq!(world.lines().await, lines);
    assert_eq!(recordings.delete(&world.by("abc"), abc.company(), &[hidden_id]).await.unwrap(), 0);
    // The same one twice is one.
    let some = [outside_id, outside_id, hidden_id, RecordingId(Uuid::nil())];
    assert_eq!(recordings.delete(&world.by("abc"), abc.company(), &some).await.unwrap(), 1);
    assert_eq!(all_of(&world, STAFF).await, [hidden_id, inside_id]);
    assert_eq!(recordings.delete(&world.by("john"), abc.who(abc.john), &all).await.unwrap(), 2);
    assert_eq!(all_of(&world, STAFF).await, []);
    assert_eq!(listed(&world, STAFF, "mary", RecordingFilters::default()).await, []);
    let told = |name: &str, second: u32| {
        [name, "deleted", "recording", &format!("2026-01-01T00:00:0{second}Z"), ""].map(String::from)
    };
    let (client, john) = ("Zoë Client (+491701234567) → Mary Smith (702)", "John (744) → Mary Smith (702)");
    assert_eq!(world.told_since(lines).await, [told(client, 1), told(john, 0), told(john, 2)]);
    let of_company = AuditFilters { subject: Some(Subject::Recording), ..AuditFilters::default() };
    let page = world.store.audit().list(Scope::of(abc.tenant), &of_company, None).await.unwrap();
    let read: Vec<_> = page.rows.iter().map(|row| row.subject_id.clone()).collect();
    assert_eq!(read, [inside_id.to_string(), outside_id.to_string()], "of the hidden one nothing");
    assert_eq!(recordings.delete(&world.change(), STAFF, &all).await.unwrap(), 0);
    let mut objects: Vec<String> = [&inside, &outside, &hidden].map(|finished| finished.recording.object()).into();
    let mut left = recordings.objects_to_delete(10).await.unwrap();
    objects.sort();
    left.sort();
    assert_eq!(left, objects);
}

async fn a_deleted_recording_does_not_come_back_and_is_not_sent(world: World) {
    let abc = Abc::new(&world).await;
    set_class(&world, abc.tenant, true, None).await;
    set(&world, abc.tenant, None, Setting::RecordByEmail, true).await;
    let finished = abc.internal(&world, 0);
    let Finished::New(Some(mail)) = finish(&world, &finished).await else { panic!("it is e-mailed") };
    world.store.recordings().delete(&world.change(), STAFF, &[finished.recording.id]).await.unwrap();
    let row = world.store.outbox().one(mail).await.unwrap().row;
    assert_eq!((row.state, row.error.as_str()), (MailState::Failed, "The recording was deleted before this was sent."));
    assert_eq!(finish(&world, &finished).await, Finished::Before);
    assert_eq!(all_of(&world, STAFF).await, []);
}

async fn what_is_left_in_the_object_store_is_told_until_it_is_gone(world: World) {
    let abc = Abc::new(&world).await;
    let recordings = world.store.recordings();
    let [first, second, third] = [0, 1, 2].map(|second| abc.internal(&world, second));
    for finished in [&first, &second, &third] {
        finish(&world, finished).await;
        recordings.delete(&world.change(), STAFF, &[finished.recording.id]).await.unwrap();
    }
    let [first, second, third] = [first, second, third].map(|finished| finished.recording.object());
    assert_eq!(recordings.objects_to_delete(2).await.unwrap(), [first.clone(), second.clone()]);
    recordings.object_deleted(&second).await.unwrap();
    recordings.object_deleted("recordings/unknown").await.unwrap();
    recordings.object_remains(&first, world.now()).await.unwrap();
    assert_eq!(
        recordings.objects_to_delete(2).await.unwrap(),
        [third, first],
        "what cannot be deleted holds up nothing"
    );
}

async fn a_class_keeps_recordings_for_its_days(world: World) {
    const DAY: i64 = 24 * 60 * 60;
    let abc = Abc::new(&world).await;
    let panda = world.customer("Panda").await;
    set_class(&world, abc.tenant, false, Some(10)).await;
    let recordings = world.store.recordings();
    let old: Vec<_> = (0..3).map(|second| abc.internal(&world, second)).collect();
    let secret = private(abc.internal(&world, 3));
    let young = abc.internal(&world, DAY);
    // Panda's class keeps them for ever.
    let mut of_panda = abc.internal(&world, 4);
    of_panda.recording.customer = panda.customer();
    for finished in old.iter().chain([&secret, &young, &of_panda]) {
        finish(&world, finished).await;
    }
    let after = |days: i64, second: i64| START.plus_seconds(days * DAY + second);
    assert_eq!(recordings.expire(after(10, 0), 100).await.unwrap(), 0);
    let lines = world.lines().await;
    assert_eq!(recordings.expire(after(10, 1), 100).await.unwrap(), 1);
    assert_eq!(recordings.expire(after(11, 0), 2).await.unwrap(), 2);
    assert_eq!(recordings.expire(after(11, 0), 2).await.unwrap(), 1);
    assert_eq!(recordings.expire(after(11, 0), 2).await.unwrap(), 0);
    let told = ["ABC", "deleted", "recordings"].map(String::from);
    let counts: Vec<String> = world
        .told_since(lines)
        .await
        .into_iter()
        .map(|[name, action, field, old, _]| {
            assert_eq!([name, action, field], told);
            old
        })
        .collect();
    assert_eq!(counts, ["1", "2", "1"]);
    let of_company = AuditFilters { actor: "retention".into(), ..AuditFilters::default() };
    let page = world.store.audit().list(Scope::of(abc.tenant), &of_company, None).await.unwrap();
    assert_eq!(page.count, 2, "of the secret one the company reads nothing");
    assert_eq!(all_of(&world, STAFF).await, [young.recording.id, of_panda.recording.id]);
    assert_eq!(recordings.objects_to_delete(100).await.unwrap().len(), 4);
}

async fn what_the_staff_listens_to_is_on_record(world: World) {
    let abc = Abc::new(&world).await;
    let finished = abc.internal(&world, 0);
    finish(&world, &finished).await;
    let lines = world.lines().await;
    let recordings = world.store.recordings();
    for action in ["played", "downloaded"] {
        recordings.note_played(&world.change(), finished.recording.id, action).await.unwrap();
    }
    not_found(recordings.note_played(&world.change(), RecordingId(Uuid::nil()), "played").await);
    let told = |action: &str| {
        ["John (744) → Mary Smith (702)", action, "recording", "", "2026-01-01T00:00:00Z"].map(String::from)
    };
    assert_eq!(world.told_since(lines).await, [told("played"), told("downloaded")]);
}

async fn odd_texts_are_kept_harmless(world: World) {
    let abc = Abc::new(&world).await;
    let mut odd = abc.internal(&world, 0);
    odd.recording.caller.name = format!("Eve\0\u{1b}[31m'; DROP TABLE recording; -- % _ {}", "é".repeat(10_000));
    odd.recording.callee.number = "1 ".repeat(10_000);
    odd.recording.mark(START, MarkKind::Transferred, "to \0 nobody \u{1b}");
    odd.recording.ended = Timestamp(i64::MAX);
    odd.recording.segments[0].length_ms = Some(i64::MAX.unsigned_abs());
    odd.recording.segments[1].length_ms = None;
    finish(&world, &odd).await;
    let kept = world.store.recordings().one(STAFF, odd.recording.id).await.unwrap().recording;
    assert!(kept.caller.name.starts_with("Eve[31m'; DROP TABLE") && kept.caller.name.chars().count() == 200);
    assert_eq!((&kept.marks, &kept.segments), (&odd.recording.marks, &odd.recording.segments));
    assert_eq!(listed(&world, STAFF, "drop", RecordingFilters::default()).await, [odd.recording.id]);
    // Long words of long letters, which an index must still take.
    let strange = |from: u32| (0..1000).filter_map(|n| char::from_u32(0x20000 + from + n * 13)).collect::<String>();
    let mut long = abc.internal(&world, 1);
    (long.recording.caller.number, long.recording.caller.name) = (strange(1), strange(2));
    (long.recording.callee.number, long.recording.callee.name) = (strange(3), strange(4));
    long.recording.huntgroup = strange(5);
    finish(&world, &long).await;
    assert_eq!(
        listed(&world, abc.company(), &strange(2)[..40], RecordingFilters::default()).await,
        [long.recording.id]
    );
    for text in ["\0", "%", "'", "<", "@", "😀", &"x ".repeat(100_000)] {
        let filters = RecordingFilters { caller: text.into(), destination: text.into(), ..Default::default() };
        let query = Query { search: text.into(), ..Query::default() };
        let found = world.store.recordings().list(STAFF, &query, &filters).await;
        assert!(found.is_ok() || matches!(found, Err(StoreError::NotFound)), "{found:?}");
    }
}
