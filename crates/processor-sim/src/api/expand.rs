//! Which ids are answered as whole objects? "API reference", *Expanding responses*: `expand[]=latest_charge`,
//! `expand[]=data.payment_method`, four levels deep at most.

use serde_json::{Value, json};

use super::{error::ApiError, form::Node};
use crate::objects::state::State;

const DEEPEST: usize = 4;
/// The properties that can be expanded, of the objects that there are.
const EXPANDABLE: [&str; 6] =
    ["charge", "customer", "default_payment_method", "latest_charge", "payment_intent", "payment_method"];

/// Expands what the request asks for.
pub(crate) fn expand(state: &State, object: &mut Value, ways: &[String]) -> Result<(), ApiError> {
    for way in ways {
        let names: Vec<&str> = way.split('.').collect();
        walk(state, object, &names).map_err(|()| no_such(way))?;
    }
    Ok(())
}

fn walk(state: &State, object: &mut Value, names: &[&str]) -> Result<(), ()> {
    let Some((name, rest)) = names.split_first() else { return Ok(()) };
    if let Value::Array(list) = object {
        return list.iter_mut().try_for_each(|object| walk(state, object, names));
    }
    let of_charge = object["object"] == "charge";
    let id = object["id"].as_str().unwrap_or_default().to_owned();
    let Value::Object(fields) = object else { return Err(()) };
    if *name == "refunds" && of_charge {
        let refunds = state.refunds.iter().rev().filter(|(_, refund)| refund.charge == id);
        let refunds: Vec<Value> = refunds.map(|(_, refund)| refund.json()).collect();
        let url = format!("/v1/charges/{id}/refunds");
        fields.insert("refunds".into(), json!({ "object": "list", "data": refunds, "has_more": false, "url": url }));
        return Ok(());
    }
    let Some(value) = fields.get_mut(*name) else { return Err(()) };
    if let (Value::String(id), true) = (&*value, EXPANDABLE.contains(name))
        && let Some(whole) = state.object(id)
    {
        *value = whole;
    }
    match value {
        // Nothing to expand is nothing wrong.
        Value::Null => Ok(()),
        Value::Object(_) | Value::Array(_) => walk(state, value, rest),
        Value::String(_) if EXPANDABLE.contains(name) => Ok(()),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Err(()),
    }
}

/// The texts of `expand`, taken out of the parameters. Names that no object has are refused before anything is done.
pub(crate) fn asked(given: &mut Node) -> Result<Vec<String>, ApiError> {
    let ways: Vec<String> = given.texts("expand").into_iter().map(str::to_owned).collect();
    given.take("expand");
    let known = |name: &str| EXPANDABLE.contains(&name) || ["data", "refunds", "invoice_settings"].contains(&name);
    for way in &ways {
        if way.split('.').count() > DEEPEST {
            return Err(ApiError::request(format!("You cannot expand more than {DEEPEST} levels of a property.")));
        }
        if !way.split('.').all(known) {
            return Err(no_such(way));
        }
    }
    Ok(ways)
}

fn no_such(way: &str) -> ApiError {
    let way: String = way.chars().take(80).collect();
    ApiError::request(format!("This property cannot be expanded ({way}).")).param("expand")
}
