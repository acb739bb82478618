//! Calls that the demonstration begins with: the last days of ABC, so that a history is there before the first call.

use tandem_domain::{
    access::{Scope, Tenant},
    calls::{Direction, EndedBy, Party, Quality, ReleaseCause, Xdr},
    ids::{CallId, Timestamp},
};
use tandem_store::{Store, StoreError, sip_log::SipLogEntry};

/// Who called whom: hours ago, direction, caller, called party, huntgroup, seconds until the answer and of talk (none: nobody
/// answered), cause and SIP status.
type Line = (i64, Direction, &'static str, &'static str, &'static str, Option<(i64, i64)>, ReleaseCause, u16);

/// The calls, the oldest first. Three digits are an extension of ABC.
const CALLS: [Line; 9] = [
    (50, Direction::Incoming, "+32475550101", "744", "Support", Some((6, 412)), ReleaseCause::Normal, 200),
    (49, Direction::Incoming, "+32475550144", "745", "Support", Some((11, 187)), ReleaseCause::Normal, 200),
    (47, Direction::Outgoing, "746", "+442075550199", "", Some((9, 1260)), ReleaseCause::Normal, 200),
    (30, Direction::Internal, "744", "701", "", Some((4, 95)), ReleaseCause::Normal, 200),
    (28, Direction::Incoming, "+33145550123", "7710", "Sales", None, ReleaseCause::NoAnswer, 480),
    (26, Direction::Outgoing, "702", "+3225550900", "", None, ReleaseCause::Busy, 486),
    (5, Direction::Internal, "745", "746", "", None, ReleaseCause::Cancelled, 487),
    (3, Direction::Incoming, "+32475550101", "744", "Support", Some((8, 240)), ReleaseCause::Normal, 200),
    (1, Direction::Internal, "744", "702", "", Some((3, 48)), ReleaseCause::Normal, 200),
];

/// Keeps the calls, the last one with its signalling.
///
/// # Errors
/// [`StoreError::Database`].
pub(super) async fn keep(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let found = store.customers().choices(Scope::for_system(), "ABC", 1).await?;
    let Some((abc, _)) = found.first() else { return Ok(()) };
    let tenant = Tenant::for_system(*abc);
    let mut xdrs = Vec::new();
    for (place, (hours, direction, from, to, huntgroup, talk, cause, status)) in CALLS.into_iter().enumerate() {
        let started = now.plus_seconds(-hours * 3600);
        let answered = talk.map(|(rang, _)| started.plus_seconds(rang));
        let ended = answered.unwrap_or(started).plus_seconds(talk.map_or(20, |(_, talked)| talked));
        // One call sounded worse than the others.
        let (lost, jitter_ms, mos) = if place == 2 { (41, 18.4, 3.7) } else { (0, 0.9, 4.4) };
        let packets = u64::try_from(ended.seconds_since(started)).unwrap_or_default() * 50;
        let quality = answered.map(|_| Quality { packets, lost, jitter_ms, mos });
        xdrs.push(Xdr {
            id: store.xdrs().new_id(started),
            call: CallId(store.xdrs().new_id(started).0),
            customer: *abc,
            direction,
            caller: party(store, tenant, from).await?,
            callee: party(store, tenant, to).await?,
            dialled: if huntgroup.is_empty() { to.to_owned() } else { "+3225550700".to_owned() },
            huntgroup: huntgroup.to_owned(),
            started,
            answered,
            ended,
            cause,
            status,
            ended_by: if cause == ReleaseCause::NoAnswer { EndedBy::Exchange } else { EndedBy::Caller },
            caller_quality: quality,
            callee_quality: quality,
        });
    }
    if let Some(last) = xdrs.last() {
        store.sip_log().append(&signalling(last)).await?;
    }
    store.xdrs().append(&xdrs).await
}

/// The holder of an extension, or somebody outside.
async fn party(store: &Store, tenant: Tenant, number: &str) -> Result<Party, StoreError> {
    let found = store.accounts().choices(tenant, number, 1).await?;
    let holder = found.into_iter().find(|choice| choice.extension.as_str() == number);
    let (name, account) = holder.map_or((String::new(), None), |choice| (choice.name, Some(choice.id)));
    Ok(Party { number: number.to_owned(), name, account })
}

/// An answered call between two phones, as RFC 3665 §3.1 has it, with the exchange between them.
fn signalling(xdr: &Xdr) -> Vec<SipLogEntry> {
    const OURS: &str = "192.0.2.1:5060";
    let (caller, callee) = ("192.0.2.44:5060", "192.0.2.17:5060");
    let answered = xdr.answered.map_or(0, |answered| answered.0 - xdr.started.0);
    let ended = xdr.ended.0 - xdr.started.0;
    let invite = format!("INVITE sip:{}@tandem.example SIP/2.0", xdr.dialled);
    let bye = format!("BYE sip:{}@192.0.2.17 SIP/2.0", xdr.dialled);
    let ok = "SIP/2.0 200 OK";
    // Milliseconds since the first, from, to, first line, CSeq, with a session description.
    let messages = [
        (0, caller, OURS, invite.as_str(), "1 INVITE", true),
        (1, OURS, caller, "SIP/2.0 100 Trying", "1 INVITE", false),
        (3, OURS, callee, invite.as_str(), "1 INVITE", true),
        (58, callee, OURS, "SIP/2.0 180 Ringing", "1 INVITE", false),
        (59, OURS, caller, "SIP/2.0 180 Ringing", "1 INVITE", false),
        (answered, callee, OURS, ok, "1 INVITE", true),
        (answered + 1, OURS, callee, "ACK sip:702@192.0.2.17 SIP/2.0", "1 ACK", false),
        (answered + 2, OURS, caller, ok, "1 INVITE", true),
        (answered + 31, caller, OURS, "ACK sip:702@192.0.2.1 SIP/2.0", "1 ACK", false),
        (ended, caller, OURS, bye.as_str(), "2 BYE", false),
        (ended + 1, OURS, caller, ok, "2 BYE", false),
        (ended + 1, OURS, callee, bye.as_str(), "2 BYE", false),
        (ended + 22, callee, OURS, ok, "2 BYE", false),
    ];
    let entry = |(sequence, (after, from, to, line, cseq, sdp)): (u32, (i64, &str, &str, &str, &str, bool))| {
        let body = if sdp {
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8 0 101\r\n"
        } else {
            ""
        };
        let kind = if sdp { "Content-Type: application/sdp\r\n" } else { "" };
        let text = format!(
            "{line}\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{sequence}\r\nFrom: <sip:744@tandem.example>;tag=1\r\n\
             To: <sip:702@tandem.example>\r\nCall-ID: demonstration@192.0.2.44\r\nCSeq: {cseq}\r\n{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let at = Timestamp(xdr.started.0 + after);
        SipLogEntry { call: xdr.call, at, sequence, from: from.into(), to: to.into(), transport: "UDP".into(), text }
    };
    (1..).zip(messages).map(entry).collect()
}
