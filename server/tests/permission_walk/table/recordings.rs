//! Call recordings and the e-mails about them. An account sees its own recordings and those of its calls, the company all that
//! are not for one account alone, the provider all; the outbox is the provider's, and the demonstration's mailbox an account's.

use super::{first_page, with_id};
use crate::{
    demo_ids::DemoIds,
    recordings::{FAILED, RECORDED, SENT},
    walk::{Fields, Row},
};

pub const RECORDINGS: &[Row] = &[
    Row::reads("recording_list", first_page, [401, 200, 200, 200, 200, 200, 200]),
    // A recording of John's.
    Row::reads("recording_read", |demo| recorded(demo, &[]), [401, 200, 200, 200, 404, 200, 404]),
    Row::reads("recordings_chosen", chosen, [401, 200, 403, 200, 404, 403, 403]),
    Row::writes("recordings_delete", chosen, [401, 200, 403, 200, 404, 403, 403]),
    // The built-in role of accounts does not have it.
    Row::writes(
        "recording_privacy",
        |demo| recorded(demo, &[("account_only", "on")]),
        [401, 404, 404, 404, 404, 403, 403],
    ),
    Row::reads("mail_list", first_page, [401, 200, 200, 403, 403, 403, 403]),
    Row::reads("mail_read", |demo| mail(demo, FAILED), [401, 200, 200, 403, 403, 403, 403]),
    Row::writes("mail_retry", |demo| mail(demo, FAILED), [401, 200, 403, 403, 403, 403, 403]),
    Row::reads("own_mail_list", first_page, [401, 404, 404, 200, 200, 200, 200]),
    // An e-mail to John.
    Row::reads("own_mail_read", |demo| mail(demo, SENT), [401, 404, 404, 404, 404, 200, 404]),
];

fn recorded(demo: &DemoIds, others: &[(&'static str, &str)]) -> Fields {
    with_id(demo.id("recording", RECORDED), others)
}

fn chosen(demo: &DemoIds) -> Fields {
    vec![("ids[]", demo.id("recording", RECORDED))]
}

fn mail(demo: &DemoIds, subject: &str) -> Fields {
    with_id(demo.id("mail", subject), &[])
}
