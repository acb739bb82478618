//! The codes that work on a phone, to read: each with what it does, and the rule that they come from.

use leptos::prelude::*;
use tandem_domain::dialing::{CodeField, EffectiveRule, RuleSource};

use crate::ui::{Card, DescriptionList};

/// The codes in effect.
pub fn codes_card(rule: &EffectiveRule) -> AnyView {
    let items = CodeField::ALL.into_iter().map(|field| (field.label().to_owned(), rule.codes.get(field))).collect();
    view! {
        <Card title="Service codes in effect" description=source_words(&rule.source)>
            <DescriptionList items=items />
        </Card>
    }
    .into_any()
}

/// Where codes come from, as a sentence.
#[must_use]
pub fn source_words(source: &RuleSource) -> String {
    match source {
        RuleSource::Account(name) => format!("From the dialing rule “{name}” of this account."),
        RuleSource::Custom => "From the custom rule that the customer wrote in self-care.".into(),
        RuleSource::Assigned(name) => format!("From the dialing rule “{name}”, assigned to the customer."),
        RuleSource::BuiltIn(name) => format!("From the built-in dialing rule “{name}”."),
    }
}
