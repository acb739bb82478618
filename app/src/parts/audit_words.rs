//! The fields and values of the audit log in the words of the pages: "Ring time" instead of `ring_seconds`.

use tandem_domain::{
    access::{Field, Level},
    audit::AuditRow,
    class::Notification,
    dialing::CodeField,
    settings::Setting,
    supervision::{Mode, Refused},
};

/// Fields that pages call otherwise than their names say.
const LABELS: [(&str, &str); 15] = [
    ("active", "Can sign in"),
    ("audience", "For"),
    ("base", "Base level"),
    ("class", "Customer class"),
    ("email", "E-mail"),
    ("expires_on", "Last day with service"),
    ("held", "Blocked by the provider"),
    ("locale", "Dates and numbers"),
    ("dialing_mode", "Rule in use"),
    ("ring_seconds", "Ring time"),
    ("role", "Access role"),
    ("sign_in", "Sign-in name"),
    ("sip_password", "SIP password"),
    ("sip_prefix", "SIP prefix"),
    ("strategy", "Ring strategy"),
];

/// What was changed, in the words of its page.
#[must_use]
pub fn field_words(field: &str) -> String {
    // A huntgroup's member is named before what was changed about it: "John (744): supervision_allowed".
    if let Some((member, field)) = field.rsplit_once(": ") {
        return format!("{member}: {}", field_words(field));
    }
    let label = LABELS.iter().find(|(name, _)| *name == field).map(|(_, label)| *label);
    let setting = || Setting::from_key(field).map(Setting::label);
    let code = || CodeField::ALL.into_iter().find(|code| code.key() == field).map(CodeField::label);
    let notification = || Notification::ALL.into_iter().find(|known| known.key() == field).map(Notification::label);
    match label.or_else(setting).or_else(code).or_else(notification) {
        Some(label) => label.to_owned(),
        None if is_node(field) => super::permission_tree::words(field),
        None => capital(&field.replace('_', " ")),
    }
}

/// Whether a field is a node of the tree of permissions: an entity, a panel or a field of it.
fn is_node(field: &str) -> bool {
    Field::ALL.iter().any(|known| known.nodes().any(|node| node == field))
}

/// A value of a field, in the words of its page.
#[must_use]
pub fn value_words(field: &str, value: &str) -> String {
    let of_setting = Setting::from_key(field).and_then(|setting| setting.parse(value).ok()).map(|value| value.label());
    let is_level = field == "base" || is_node(field);
    let level = Level::from_key(value).filter(|_| is_level).map(Level::label);
    let mode = Mode::ALL.into_iter().find(|mode| field == "mode" && mode.key() == value).map(Mode::label);
    // "protected", or "protected (12 times more)".
    let (reason, times) = value.split_once(" (").map_or((value, ""), |(reason, times)| (reason, times));
    let refused = Refused::ALL.into_iter().find(|why| field == "reason" && why.key() == reason).map(Refused::words);
    if let (Some(refused), false) = (refused, times.is_empty()) {
        return format!("{refused} ({times}");
    }
    match of_setting.or(level).or(mode).or(refused) {
        Some(label) => label.to_owned(),
        None => match value {
            "on" => "On".to_owned(),
            "off" => "Off".to_owned(),
            other => other.to_owned(),
        },
    }
}

/// What was done and to which field: "Name" and "changed", or "Signed in" alone where no field was.
#[must_use]
pub fn what_words(row: &AuditRow) -> (String, String) {
    if row.change.field.is_empty() {
        (capital(&row.action), String::new())
    } else {
        (field_words(&row.change.field), row.action.clone())
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| std::iter::once(first.to_ascii_uppercase()).chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_called_as_on_their_pages() {
        for (field, words) in [
            ("call_supervision", "Call supervision"),
            ("spy_prefix", "Spy prefix"),
            ("new_call_recording", "New call recording is available"),
            ("email", "E-mail"),
            ("account/recording/account_only", "Account > Call recording > Show the call recording to account only"),
            ("account/recording", "Account > Call recording"),
            ("ip_centrex", "IP Centrex"),
            ("John (744): never_supervise", "John (744): Never supervise"),
            ("first_name", "First name"),
            ("", ""),
        ] {
            assert_eq!(field_words(field), words);
        }
    }

    #[test]
    fn values_are_called_as_on_their_pages() {
        assert_eq!(value_words("notice_spy", "tone_to_both"), "Tone to both parties");
        assert_eq!(value_words("account/recording", "view"), "View only");
        for entity in ["customer", "account", "ip_centrex", "configuration", "audit"] {
            assert_eq!(value_words(entity, "forbidden"), "Forbidden", "{entity}");
        }
        assert_eq!(value_words("name", "view"), "view");
        assert_eq!(value_words("new_call_recording", "on"), "On");
        assert_eq!(value_words("notice_spy", ""), "");
    }
}
