//! What is a webhook about? Read is only where to look: the object that comes with it may be old, and another
//! version's.

use serde::Deserialize;

use crate::processor::{About, Notice, NoticeError};

/// Octets of an event at most; whoever listens refuses longer ones, this is for the reader's peace of mind.
const EVENT_MAX: usize = 1024 * 1024;
/// Characters of an id or a type at most.
const NAME_MAX: usize = 255;

/// `event`.
#[derive(Deserialize)]
struct EventAnswer {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    /// Of a connected account, which we have none of.
    account: Option<String>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    id: Option<String>,
    #[serde(default)]
    object: String,
    /// Of a charge and a refund.
    payment_intent: Option<Reference>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Reference {
    Id(String),
    Object { id: String },
}

/// Reads an event that was signed.
pub(super) fn read(body: &[u8], test_mode: bool) -> Result<Notice, NoticeError> {
    let event: EventAnswer = match body.len() {
        ..=EVENT_MAX => serde_json::from_slice(body).map_err(|_| NoticeError::NoEvent)?,
        _ => return Err(NoticeError::NoEvent),
    };
    if !is_name(&event.id) || event.kind.len() > NAME_MAX || event.kind.chars().any(char::is_control) {
        return Err(NoticeError::NoEvent);
    }
    let about = if event.account.is_some() {
        About::Nothing("it is of a connected account")
    } else if event.livemode == test_mode {
        About::Nothing(if test_mode { "it is of live mode" } else { "it is of test mode" })
    } else {
        about(&event.kind, event.data.object)
    };
    Ok(Notice { event: event.id, kind: event.kind, about })
}

const NAMELESS: About = About::Nothing("it names nothing that we have");

fn about(kind: &str, object: Object) -> About {
    let Some(reference) = object.id.filter(|id| is_name(id)) else { return NAMELESS };
    let payment = object.payment_intent.map(|reference| match reference {
        Reference::Id(id) | Reference::Object { id } => id,
    });
    let payment = payment.filter(|id| is_name(id));
    match (kind, object.object.as_str(), payment) {
        // We know: it was created by us, and nothing has happened to it since.
        ("payment_intent.created" | "setup_intent.created", _, _) => About::Nothing("it was created"),
        (kind, "payment_intent", _) if kind.starts_with("payment_intent.") => About::Payment { reference },
        (kind, "setup_intent", _) if kind.starts_with("setup_intent.") => About::Setup { reference },
        // What else happens to charges comes as the payment's own word, too.
        ("charge.refunded", "charge", Some(payment)) => About::Refund { reference: None, payment },
        (kind, "refund", Some(payment)) if kind.starts_with("refund.") || kind.starts_with("charge.refund.") => {
            About::Refund { reference: Some(reference), payment }
        }
        ("payment_method.detached", "payment_method", _) => About::MethodGone { reference },
        (_, "refund", None) | ("charge.refunded", _, _) => NAMELESS,
        _ => About::Nothing("it is of a kind that does not matter here"),
    }
}

fn is_name(id: &str) -> bool {
    !id.is_empty() && id.len() <= NAME_MAX && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn event(kind: &str, object: Value) -> Value {
        json!({"id": "evt_1", "object": "event", "type": kind, "livemode": false, "data": {"object": object}})
    }

    fn about_of(event: &Value) -> About {
        read(event.to_string().as_bytes(), true).unwrap().about
    }

    #[test]
    fn an_event_says_where_to_look_and_nothing_else_of_it_is_believed() {
        let reference = || "pi_1".to_owned();
        let intent = json!({"id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": 1});
        assert_eq!(about_of(&event("payment_intent.succeeded", intent)), About::Payment { reference: reference() });
        let charge = json!({"id": "ch_1", "object": "charge", "payment_intent": "pi_1"});
        let expected = About::Refund { reference: None, payment: reference() };
        assert_eq!(about_of(&event("charge.refunded", charge)), expected);
        let refund = json!({"id": "re_1", "object": "refund", "payment_intent": {"id": "pi_1"}});
        let expected = About::Refund { reference: Some("re_1".into()), payment: reference() };
        assert_eq!(about_of(&event("refund.updated", refund.clone())), expected);
        assert_eq!(about_of(&event("charge.refund.updated", refund)), expected);
        let setup = json!({"id": "seti_1", "object": "setup_intent"});
        assert_eq!(about_of(&event("setup_intent.succeeded", setup)), About::Setup { reference: "seti_1".into() });
        let method = json!({"id": "pm_1", "object": "payment_method"});
        assert_eq!(about_of(&event("payment_method.detached", method)), About::MethodGone { reference: "pm_1".into() });
    }

    #[test]
    fn what_is_not_ours_is_read_and_means_nothing() {
        let intent = || json!({"id": "pi_1", "object": "payment_intent"});
        let mut foreign = event("payment_intent.succeeded", intent());
        foreign["account"] = "acct_1".into();
        let mut live = event("payment_intent.succeeded", intent());
        live["livemode"] = true.into();
        let unknown = event("customer.created", json!({"id": "cus_1", "object": "customer"}));
        let nameless = event("charge.refunded", json!({"id": "ch_1", "object": "charge", "payment_intent": null}));
        let strange = event("payment_intent.succeeded", json!({"id": "pi_1/../x", "object": "payment_intent"}));
        let created = event("payment_intent.created", intent());
        let doubled = event("charge.succeeded", json!({"id": "ch_1", "object": "charge", "payment_intent": "pi_1"}));
        for event in [foreign, live, unknown, nameless, strange, created, doubled] {
            assert!(matches!(about_of(&event), About::Nothing(_)), "{event}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_signed_can_harm(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(read(&body, true), Err(NoticeError::NoEvent));
        }
    }
}
