//! Which part of the state does a call go to?

use serde_json::Value;

use super::{
    catalogue::Call,
    error::ApiError,
    form::Node,
    list::{created_within, page},
};
use crate::{
    control::FaultKind,
    objects::{customer::Customer, method::Method, state::State},
};

/// What a browser sees of an intent.
const PUBLIC: [&str; 24] = [
    "amount",
    "amount_details",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    "client_secret",
    "confirmation_method",
    "created",
    "currency",
    "description",
    "id",
    "last_payment_error",
    "last_setup_error",
    "livemode",
    "next_action",
    "object",
    "payment_method",
    "payment_method_types",
    "processing",
    "receipt_email",
    "setup_future_usage",
    "status",
    "usage",
];

/// Does what is asked. `by_script`: with the publishable key.
pub(crate) fn perform(
    state: &mut State,
    call: Call,
    id: &str,
    second: &str,
    given: &Node,
    by_script: bool,
) -> Result<Value, ApiError> {
    if by_script {
        check_secret(state, call, id, given)?;
    }
    let result = match call {
        Call::AccountRetrieve => Ok(state.account_json()),
        Call::BalanceRetrieve => Ok(state.balance()),
        Call::ChargeRetrieve => state.charge_json(id),
        Call::CustomerCreate => state.create_customer(given),
        Call::CustomerDelete => state.delete_customer(id),
        Call::CustomerMethod => customer_method(state, id, second),
        Call::CustomerRetrieve => state.customer(id).map(Customer::json),
        Call::CustomerUpdate => state.update_customer(id, given),
        Call::EventRetrieve => {
            state.events.get(id).map(|event| event.json()).ok_or_else(|| ApiError::no_such("event", id))
        }
        Call::IntentCancel => state.cancel_intent(id, given),
        Call::IntentConfirm => state.confirm_intent(id, given, by_script),
        Call::IntentCreate => state.create_intent(given),
        Call::IntentRetrieve => state.intent_json(id),
        Call::IntentUpdate => state.update_intent(id, given),
        Call::MethodAttach => state.attach_method(id, given),
        Call::MethodCreate => state.create_method(given, by_script),
        Call::MethodDetach => state.detach(id),
        Call::MethodRetrieve => state.method(id).map(Method::json),
        Call::MethodUpdate => state.update_method(id, given),
        Call::RefundCreate => state.create_refund(given),
        Call::RefundRetrieve => state.refund_json(id),
        Call::RefundUpdate => state.update_refund(id, given),
        Call::SetupCancel => state.cancel_setup(id, given),
        Call::SetupConfirm => state.confirm_setup(id, given, by_script),
        Call::SetupCreate => state.create_setup(given),
        Call::SetupRetrieve => state.setup_json(id),
        Call::SetupUpdate => state.update_setup(id, given),
        Call::ChargeList => charges(state, given),
        Call::CustomerList => customers(state, given),
        Call::CustomerMethods => {
            state.customer(id)?;
            methods(state, &format!("/v1/customers/{id}/payment_methods"), id, given)
        }
        Call::EventList => events(state, given),
        Call::IntentList => intents(state, given),
        Call::MethodList => {
            let customer = state.customer_named(given)?.unwrap_or_default();
            methods(state, "/v1/payment_methods", &customer, given)
        }
        Call::RefundList => refunds(state, given),
        Call::SetupList => setups(state, given),
    };
    if !by_script {
        return result;
    }
    match result {
        Ok(object) => Ok(public(object)),
        Err(error) => Err(error.public(public)),
    }
}

/// Takes from an intent what a browser has no business with.
fn public(mut object: Value) -> Value {
    if let Value::Object(fields) = &mut object
        && matches!(fields.get("object").and_then(Value::as_str), Some("payment_intent" | "setup_intent"))
    {
        fields.retain(|name, _| PUBLIC.contains(&&**name));
    }
    object
}

/// A browser must know the client secret of the intent.
fn check_secret(state: &State, call: Call, id: &str, given: &Node) -> Result<(), ApiError> {
    let secret = if matches!(call, Call::IntentRetrieve | Call::IntentConfirm) {
        state.intents.get(id).map(|intent| &intent.secret)
    } else if matches!(call, Call::SetupRetrieve | Call::SetupConfirm) {
        state.setups.get(id).map(|setup| &setup.secret)
    } else {
        // Of no intent.
        return Ok(());
    };
    let Some(said) = given.said("client_secret") else {
        return Err(ApiError::request("Missing required param: client_secret.")
            .code("parameter_missing")
            .param("client_secret"));
    };
    if secret.is_some_and(|secret| secret == said) {
        return Ok(());
    }
    Err(ApiError::request(
        "The client_secret provided does not match any associated intent on this account. Ensure the publishable key \
         used belongs to the same account that created the intent.",
    )
    .code("resource_missing")
    .param("client_secret"))
}

fn customer_method(state: &State, customer: &str, method: &str) -> Result<Value, ApiError> {
    state.customer(customer)?;
    let found = state.methods.get(method).filter(|method| method.customer.as_deref() == Some(customer));
    found.map(Method::json).ok_or_else(|| ApiError::no_such("PaymentMethod", method).param("payment_method"))
}

/// Whether a filter is absent or says this.
fn fits(given: &Node, name: &str, value: Option<&str>) -> bool {
    given.said(name).is_none_or(|wanted| Some(wanted) == value)
}

/// Those that fit, the newest first, by their ids.
fn charges(state: &State, given: &Node) -> Result<Value, ApiError> {
    let found = state.charges.iter().rev().filter(|(_, charge)| {
        fits(given, "customer", charge.customer.as_deref())
            && fits(given, "payment_intent", Some(&charge.intent))
            && created_within(given, charge.created())
    });
    page("/v1/charges", given, found.map(|(id, _)| id), |id| state.object(id))
}

fn customers(state: &State, given: &Node) -> Result<Value, ApiError> {
    let found =
        state.customers.iter().rev().filter(|(_, customer)| {
            fits(given, "email", customer.email()) && created_within(given, customer.created())
        });
    page("/v1/customers", given, found.map(|(id, _)| id), |id| state.object(id))
}

fn methods(state: &State, url: &str, customer: &str, given: &Node) -> Result<Value, ApiError> {
    page(url, given, state.methods_of(customer).map(|method| &*method.id), |id| state.object(id))
}

fn events(state: &State, given: &Node) -> Result<Value, ApiError> {
    let types = given.texts("types");
    let found = state.events.iter().rev().filter(|(_, event)| {
        fits(given, "type", Some(&event.kind))
            && (types.is_empty() || types.contains(&&*event.kind))
            && created_within(given, event.created)
    });
    page("/v1/events", given, found.map(|(id, _)| id), |id| state.events.get(id).map(|event| event.json()))
}

fn intents(state: &State, given: &Node) -> Result<Value, ApiError> {
    let found = state.intents.iter().rev().filter(|(_, intent)| {
        fits(given, "customer", intent.customer.as_deref()) && created_within(given, intent.created)
    });
    page("/v1/payment_intents", given, found.map(|(id, _)| id), |id| state.object(id))
}

fn refunds(state: &State, given: &Node) -> Result<Value, ApiError> {
    let found = state.refunds.iter().rev().filter(|(_, refund)| {
        fits(given, "charge", Some(&refund.charge))
            && fits(given, "payment_intent", Some(&refund.intent))
            && created_within(given, refund.created())
    });
    page("/v1/refunds", given, found.map(|(id, _)| id), |id| state.object(id))
}

fn setups(state: &State, given: &Node) -> Result<Value, ApiError> {
    let found = state.setups.iter().rev().filter(|(_, setup)| {
        fits(given, "customer", setup.customer.as_deref())
            && fits(given, "payment_method", setup.method.as_deref())
            && created_within(given, setup.created)
    });
    page("/v1/setup_intents", given, found.map(|(id, _)| id), |id| state.object(id))
}

impl State {
    /// What goes wrong with this request, if anything does.
    pub(crate) fn take_fault(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        let place = self.faults.iter().position(|fault| fault.fits(method, path))?;
        let fault = self.faults.get_mut(place)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        let kind = fault.kind;
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            self.faults.remove(place);
        }
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::{expand, params};

    const PATHS: [(&str, &str); 16] = [
        ("GET", "payment_intents"),
        ("GET", "payment_intents/pi"),
        ("POST", "payment_intents"),
        ("POST", "payment_intents/pi"),
        ("POST", "payment_intents/pi/confirm"),
        ("POST", "payment_intents/pi/cancel"),
        ("POST", "setup_intents"),
        ("POST", "setup_intents/seti/confirm"),
        ("POST", "setup_intents/seti"),
        ("POST", "customers"),
        ("POST", "customers/cus"),
        ("DELETE", "customers/cus"),
        ("POST", "payment_methods/pm/attach"),
        ("POST", "payment_methods/pm"),
        ("POST", "payment_methods"),
        ("POST", "refunds"),
    ];
    const NAMES: [&str; 26] = [
        "amount",
        "currency",
        "customer",
        "confirm",
        "payment_method",
        "return_url",
        "off_session",
        "setup_future_usage",
        "metadata[payment]",
        "metadata",
        "expand[]",
        "limit",
        "starting_after",
        "payment_intent",
        "type",
        "card[number]",
        "card[exp_month]",
        "card[exp_year]",
        "card[cvc]",
        "payment_method_data[type]",
        "payment_method_data[card][number]",
        "payment_method_types[]",
        "client_secret",
        "created[gt]",
        "description",
        "invoice_settings[default_payment_method]",
    ];
    const VALUES: [&str; 20] = [
        "",
        "0",
        "-1",
        "12000",
        "999999999999999",
        "eur",
        "true",
        "false",
        "card",
        "off_session",
        "cus",
        "pi",
        "pm",
        "pm_card_visa",
        "pm_card_authenticationRequired",
        "4242424242424242",
        "12",
        "https://t.example/?a#b",
        "latest_charge",
        "\u{1f600}",
    ];

    proptest! {
        #[test]
        fn whatever_is_asked_is_answered(
            story in proptest::collection::vec(
                (0..PATHS.len(), proptest::collection::vec((0..NAMES.len(), 0..VALUES.len()), 0..8), any::<bool>()),
                1..30,
            )
        ) {
            let mut state = State::new(1, 20);
            for (path, fields, by_script) in story {
                // The newest of each kind stands in the place of its prefix.
                let newest = |prefix: &str| -> String {
                    let id = match prefix {
                        "pi" => state.intents.iter().next_back().map(|(id, _)| id),
                        "seti" => state.setups.iter().next_back().map(|(id, _)| id),
                        "cus" => state.customers.iter().next_back().map(|(id, _)| id),
                        "pm" => state.methods.iter().next_back().map(|(id, _)| id),
                        _ => None,
                    };
                    id.unwrap_or(prefix).to_owned()
                };
                let (method, path) = PATHS[path];
                let segments: Vec<String> = path.split('/').map(newest).collect();
                let segments: Vec<&str> = segments.iter().map(|segment| &**segment).collect();
                let fields = fields.iter().map(|(name, value)| (NAMES[*name], newest(VALUES[*value])));
                let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                let (call, id, second) = Call::find(method, &segments).expect("a path of ours");
                let Ok(mut given) = Node::read(text.as_bytes()) else { continue };
                let Ok(ways) = expand::asked(&mut given) else { continue };
                if params::check(call.params(), &given).is_err() {
                    continue;
                }
                if let Ok(mut object) = perform(&mut state, call, id, second, &given, by_script) {
                    let _ = expand::expand(&state, &mut object, &ways);
                }
            }
        }
    }
}
