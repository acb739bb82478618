//! A call's signalling as a ladder: who sent what to whom, and when. On a narrow page it is a list.
//!
//! Plain HTML with a small drawing in each line; a line opens to the message itself without WebAssembly too.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    listing::Tone,
    ui::{Card, CollectAny as _},
};

/// The messages of a call, and who took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// The first message's moment, as the reader reads it.
    pub began: String,
    /// From left to right: a name, and the address.
    pub parties: Vec<(String, String)>,
    /// The messages, in their order.
    pub steps: Vec<Step>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Seconds after the first: "+0.120".
    pub after: String,
    /// Who sent it: a place among the parties.
    pub from: usize,
    /// Who got it.
    pub to: usize,
    /// "INVITE · SDP", "180 Ringing".
    pub label: String,
    /// Its colour.
    pub tone: Tone,
    /// The message.
    pub text: String,
}

/// The card with the ladder; `None`: the log has nothing (any more).
pub(super) fn ladder_card(ladder: Option<Ladder>) -> AnyView {
    let Some(Ladder { began, parties, steps }) = ladder else {
        return view! {
            <Card title="SIP ladder">
                <p>"There is no signalling of this call: it is kept for 14 days, and none was written for calls without a phone."</p>
            </Card>
        }
        .into_any();
    };
    let heads = parties
        .iter()
        .map(|(name, address)| {
            view! { <span><strong>{name.clone()}</strong> <small>{address.clone()}</small></span> }.into_any()
        })
        .collect_any();
    let names: Vec<String> = parties.into_iter().map(|(name, _)| name).collect();
    let steps = steps.into_iter().map(|step| step_view(step, &names)).collect_any();
    view! {
        <Card title="SIP ladder" description=format!("From {began}. Open a line to read the message.") flush=true>
            <div class="ladder">
                <div class="ladder-heads" aria-hidden="true">{heads}</div>
                <ol>{steps}</ol>
            </div>
        </Card>
    }
    .into_any()
}

fn step_view(step: Step, names: &[String]) -> AnyView {
    let Step { after, from, to, label, tone, text } = step;
    let name = |place: usize| names.get(place).cloned().unwrap_or_default();
    let words = format!("{} → {}", name(from), name(to));
    view! {
        <li class=crate::ui::badge::tone_class(tone)>
            <details>
                <summary>
                    <span class="figures">{after}</span>
                    <span class="ladder-words"><strong>{label.clone()}</strong> <small>{words}</small></span>
                    {drawing(from, to, names.len(), label)}
                </summary>
                <pre>{text}</pre>
            </details>
        </li>
    }
    .into_any()
}

/// The parties' lines, and an arrow from one to another with the words above it.
fn drawing(from: usize, to: usize, parties: usize, label: String) -> AnyView {
    // The middle of a party's column, in per cent of the width.
    let middle = |place: usize| format!("{}%", (place * 2 + 1) * 50 / parties.max(1));
    let lives = (0..parties)
        .map(|place| {
            view! { <line class="ladder-life" x1=middle(place) x2=middle(place) y1="0" y2="100%" /> }.into_any()
        })
        .collect_any();
    let half = format!("{}%", (from + to + 1) * 50 / parties.max(1));
    let head = if from < to { "M0 0l-7 -4v8z" } else { "M0 0l7 -4v8z" };
    view! {
        <svg class="ladder-drawing" aria-hidden="true">
            {lives}
            <line class="ladder-arrow" x1=middle(from) x2=middle(to) y1="26" y2="26" />
            <svg x=middle(to) y="26" overflow="visible"><path d=head /></svg>
            <text x=half y="19" text-anchor="middle">{label}</text>
        </svg>
    }
    .into_any()
}

#[cfg(feature = "ssr")]
pub(super) mod server {
    use tandem_domain::ids::Timestamp;
    use tandem_store::sip_log::SipLogEntry;

    use super::{Ladder, Step};
    use crate::listing::Tone;

    /// Bytes of messages that a page shows in full. A usual call has a tenth.
    const TEXT_MAX: usize = 512 * 1024;

    /// The ladder of a call's messages; `None` of none. `caller` and `callee` are what the parties are called; `time` tells a
    /// moment to the reader.
    pub(in crate::parts::calls) fn ladder(
        entries: Vec<SipLogEntry>,
        caller: &str,
        callee: &str,
        time: impl Fn(Timestamp) -> String,
    ) -> Option<Ladder> {
        let first = entries.first()?;
        let began = first.at;
        let addresses = in_order(&entries);
        let ours = addresses.iter().position(|address| is_ours(&entries, address));
        let names = addresses.iter().enumerate().map(|(place, address)| {
            let name = if Some(place) == ours {
                "Tandem"
            } else if *address == first.from {
                caller
            } else if addresses.len() == 3 {
                callee
            } else {
                address.as_str()
            };
            (name.to_owned(), address.clone())
        });
        let parties: Vec<(String, String)> = names.collect();
        let place = |address: &str| addresses.iter().position(|known| known == address).unwrap_or_default();
        let mut left = TEXT_MAX;
        let steps = entries.iter().map(|entry| {
            let (label, tone) = told(&entry.text);
            let after = entry.at.0.saturating_sub(began.0);
            let is_shown = left >= entry.text.len();
            left = left.saturating_sub(entry.text.len());
            Step {
                after: format!("+{}.{:03}", after / 1000, after.rem_euclid(1000)),
                from: place(&entry.from),
                to: place(&entry.to),
                label,
                tone,
                text: if is_shown { entry.text.clone() } else { "Too much to be shown here.".to_owned() },
            }
        });
        let steps = steps.collect();
        Some(Ladder { began: time(began), parties, steps })
    }

    /// The addresses from left to right: who sent the first message, ourselves, then whoever came, in that order.
    fn in_order(entries: &[SipLogEntry]) -> Vec<String> {
        let mut addresses: Vec<String> = Vec::new();
        for address in entries.iter().flat_map(|entry| [&entry.from, &entry.to]) {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        // A call that we began: our own address came first.
        if addresses.len() > 2 && is_ours(entries, &addresses[0]) {
            addresses.swap(0, 1);
        }
        addresses
    }

    /// Every message goes through the exchange.
    fn is_ours(entries: &[SipLogEntry], address: &str) -> bool {
        entries.iter().all(|entry| entry.from == address || entry.to == address)
    }

    /// What a message says in short, and its colour. Its lines end as they came, or with a line feed alone.
    fn told(text: &str) -> (String, Tone) {
        let mut head = text.lines().take_while(|line| !line.trim().is_empty());
        let first = head.next().unwrap_or_default();
        let (mut sdp, mut of) = ("", "");
        for line in head {
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.trim().to_ascii_lowercase().as_str() {
                "content-type" | "c" if value.contains("application/sdp") => sdp = " · SDP",
                "cseq" => of = value.trim().rsplit(' ').next().unwrap_or_default(),
                _ => {}
            }
        }
        let Some(status) = first.strip_prefix("SIP/2.0 ") else {
            let method = first.split(' ').next().unwrap_or_default();
            return (format!("{method}{sdp}"), Tone::Info);
        };
        // What an INVITE is answered with needs no name; that something else is answered does.
        let of = if of.is_empty() || of == "INVITE" { String::new() } else { format!(" · {of}") };
        let tone = match (status.bytes().next(), status.split(' ').next().unwrap_or_default()) {
            (_, "401" | "407") => Tone::Warning,
            (Some(b'1'), _) => Tone::Neutral,
            (Some(b'2'), _) => Tone::Good,
            (Some(b'3'), _) => Tone::Warning,
            _ => Tone::Bad,
        };
        (format!("{status}{of}{sdp}"), tone)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const PHONE: &str = "192.0.2.7:5060";
        const OURS: &str = "192.0.2.1:5060";
        const OTHER: &str = "198.51.100.9:40000";

        fn entry(sequence: u32, at: i64, from: &str, to: &str, text: &str) -> SipLogEntry {
            let call = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
            let (from, to) = (from.to_owned(), to.to_owned());
            SipLogEntry { call, at: Timestamp(at), sequence, from, to, transport: "UDP".into(), text: text.into() }
        }

        fn of(entries: Vec<SipLogEntry>) -> Ladder {
            ladder(entries, "John", "Mary", |at| at.0.to_string()).unwrap()
        }

        #[test]
        fn the_exchange_stands_between_the_parties() {
            let invite = "INVITE sip:702@t SIP/2.0\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n";
            let found = of(vec![
                entry(1, 1000, PHONE, OURS, invite),
                entry(2, 1004, OURS, PHONE, "SIP/2.0 100 Trying\r\nCSeq: 1 INVITE\r\n\r\n"),
                entry(3, 2120, OURS, OTHER, invite),
                entry(4, 2200, OTHER, OURS, "SIP/2.0 486 Busy Here\r\nCSeq: 1 INVITE\r\n\r\n"),
            ]);
            let names: Vec<_> = found.parties.iter().map(|(name, address)| (name.as_str(), address.as_str())).collect();
            assert_eq!(names, [("John", PHONE), ("Tandem", OURS), ("Mary", OTHER)]);
            let steps: Vec<_> =
                found.steps.iter().map(|step| (step.from, step.to, step.label.as_str(), step.tone)).collect();
            assert_eq!(
                steps,
                [
                    (0, 1, "INVITE · SDP", Tone::Info),
                    (1, 0, "100 Trying", Tone::Neutral),
                    (1, 2, "INVITE · SDP", Tone::Info),
                    (2, 1, "486 Busy Here", Tone::Bad),
                ]
            );
            assert_eq!(
                found.steps.iter().map(|step| step.after.as_str()).collect::<Vec<_>>(),
                ["+0.000", "+0.004", "+1.120", "+1.200"]
            );
        }

        #[test]
        fn a_call_that_the_exchange_begins_has_it_in_the_middle_too() {
            let invite = "INVITE sip:702@t SIP/2.0\r\n\r\n";
            let found = of(vec![entry(1, 0, OURS, PHONE, invite), entry(2, 0, OURS, OTHER, invite)]);
            assert_eq!(found.parties[1].0, "Tandem");
        }

        #[test]
        fn of_an_answer_to_something_else_it_is_told_to_what() {
            assert_eq!(told("SIP/2.0 200 OK\r\nCSeq: 2 BYE\r\n\r\n").0, "200 OK · BYE");
            assert_eq!(
                told("SIP/2.0 200 OK\nc: application/sdp\nCSeq: 1 INVITE\n\nc=IN\nCSeq: 9 BYE\n").0,
                "200 OK · SDP"
            );
            assert_eq!(told("SIP/2.0 407 Proxy Authentication Required\r\n\r\n").1, Tone::Warning);
            for text in ["", "SIP/2.0 ", "SIP/2.0 é", "\r\n\r\n", "INVITE"] {
                told(text);
            }
        }

        #[test]
        fn of_a_flood_the_beginning_is_shown() {
            let long = "x".repeat(16 * 1024);
            let flood: Vec<_> = (0..100).map(|n| entry(n, 0, PHONE, OURS, &long)).collect();
            let found = of(flood);
            assert!(found.steps[0].text.len() > 1000 && found.steps[99].text.len() < 100);
            assert!(found.steps.iter().map(|step| step.text.len()).sum::<usize>() < 2 * TEXT_MAX);
        }

        #[test]
        fn of_no_message_there_is_no_ladder() {
            assert_eq!(ladder(Vec::new(), "", "", |_| String::new()), None);
        }
    }
}
