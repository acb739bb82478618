//! Posting from the browser: reads a form, sends it, and understands the answer.

use js_sys::{Array, Reflect};
use tandem_domain::error::FieldErrors;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FormData, Headers, HtmlElement, HtmlFormElement, RequestInit, Response, UrlSearchParams};

use crate::{error::AppError, post::Done, reading::from_json};

/// Posts fields to a server function and gives what it answered. In the browser only.
///
/// # Errors
/// What the server function refused, or [`AppError::Unreachable`].
pub async fn post(to: &str, fields: &[(String, String)]) -> Result<Done, AppError> {
    let body = encoded(fields).map_err(|_| AppError::Unreachable)?;
    let answer = ask(to, &body).await?;
    from_json(&answer).map_err(|_| unreadable())
}

fn encoded(fields: &[(String, String)]) -> Result<String, JsValue> {
    let body = UrlSearchParams::new()?;
    for (name, value) in fields {
        body.append(name, value);
    }
    Ok(body.to_string().into())
}

/// Sends a form's text (`application/x-www-form-urlencoded`) to a server function and gives the JSON text of its answer. In
/// the browser only.
///
/// # Errors
/// What the server function refused, or [`AppError::Unreachable`].
pub async fn ask(to: &str, body: &str) -> Result<String, AppError> {
    let (ok, text) = send(to, body).await.map_err(|_| AppError::Unreachable)?;
    if ok { Ok(text) } else { Err(from_json(&text).unwrap_or_else(|_| unreadable())) }
}

/// What is not as agreed was said by something in between: a proxy, a limit.
fn unreadable() -> AppError {
    AppError::Unreadable("an answer of another kind".into())
}

async fn send(to: &str, body: &str) -> Result<(bool, String), JsValue> {
    let headers = Headers::new()?;
    headers.set("Accept", "application/json")?;
    headers.set("Content-Type", "application/x-www-form-urlencoded")?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(&JsValue::from_str(body));
    let response = JsFuture::from(leptos::prelude::window().fetch_with_str_and_init(to, &request)).await?;
    let response: Response = response.unchecked_into();
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.ok(), text.as_string().unwrap_or_default()))
}

/// What a form would send, pressed by this button. Of several values under one name the last counts: a ticked checkbox
/// over its hidden "off" (names that end in `[]` are lists, and keep all).
pub(crate) fn read(form: &HtmlFormElement, pressed: Option<&HtmlElement>) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, value: String| match fields.iter_mut().find(|(known, _)| *known == name) {
        Some(field) if !name.ends_with("[]") => field.1 = value,
        Some(_) | None => fields.push((name, value)),
    };
    if let Some(pairs) =
        FormData::new_with_form(form).ok().as_ref().and_then(|data| js_sys::try_iter(data).ok().flatten())
    {
        for pair in pairs.flatten() {
            let pair: Array = pair.unchecked_into();
            add(pair.get(0).as_string().unwrap_or_default(), pair.get(1).as_string().unwrap_or_default());
        }
    }
    if let Some(pressed) = pressed
        && let Some(name) = pressed.get_attribute("name").filter(|name| !name.is_empty())
    {
        add(name, pressed.get_attribute("value").unwrap_or_default());
    }
    fields
}

/// Whether a form's controls differ from what the server rendered into them.
pub(super) fn differs(form: &HtmlFormElement) -> bool {
    let controls = form.elements();
    (0..controls.length()).filter_map(|i| controls.item(i)).any(|control| {
        let text = |key: &str| {
            Reflect::get(&control, &key.into()).ok().and_then(|value| value.as_string()).unwrap_or_default()
        };
        let flag = |key: &str| Reflect::get(&control, &key.into()).is_ok_and(|value| value.is_truthy());
        if text("name").is_empty() {
            return false;
        }
        match text("type").as_str() {
            "hidden" | "submit" | "button" | "reset" => false,
            "checkbox" | "radio" => flag("checked") != flag("defaultChecked"),
            "select-one" => chosen_otherwise(&control),
            _ => text("value") != text("defaultValue"),
        }
    })
}

/// Whether a select shows another option than the one rendered as selected, or, without one, than its first.
fn chosen_otherwise(control: &web_sys::Element) -> bool {
    let select: &web_sys::HtmlSelectElement = control.unchecked_ref();
    let options = select.options();
    let rendered = (0..options.length()).find(|&i| {
        options.item(i).is_some_and(|option| option.unchecked_into::<web_sys::HtmlOptionElement>().default_selected())
    });
    select.selected_index() != i32::try_from(rendered.unwrap_or(0)).unwrap_or(0)
}

/// Puts the focus on the first control that is marked as wrong.
pub(super) fn focus_first_error(form: &HtmlFormElement) {
    if let Ok(Some(first)) = form.query_selector("[aria-invalid=true], .error-summary, .stale") {
        let _ = first.unchecked_into::<HtmlElement>().focus();
    }
}

/// The errors that are about none of these fields.
pub(super) fn about_others<'a>(errors: &'a FieldErrors, fields: &[(String, String)]) -> Vec<&'a str> {
    let known = |name: &String| fields.iter().any(|(field, _)| field == name);
    errors.0.iter().filter(|(name, _)| !known(name)).map(|(_, text)| text.as_str()).collect()
}
