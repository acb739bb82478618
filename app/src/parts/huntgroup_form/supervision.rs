//! Who may supervise whom: the sentence that the marks of all huntgroups come to.

use leptos::prelude::*;

use super::view::{Extension, SupervisionView};
use crate::{
    listing::Tone,
    ui::{Card, DescriptionList, Notice},
};

/// Names that one manager's line tells before it says how many more there are.
const NAMED: usize = 12;

/// The card that explains it. `of` says what it looks at: "in this huntgroup", "in your company".
pub fn supervision_card(view: SupervisionView, of: &'static str) -> AnyView {
    let SupervisionView { on, managers, more, protected } = view;
    let none = managers.is_empty();
    let lines: Vec<(String, String)> =
        managers.into_iter().map(|(manager, agents)| (manager.text(), whom(&agents))).collect();
    view! {
        <Card title="Who may supervise whom" description=format!("What the marks come to {of}.")>
            {(!on).then(|| view! {
                <Notice
                    tone=Tone::Warning
                    text="Call supervision is off for the company, so nobody may supervise at present. The provider turns it on \
                          (Customer > Services > Voice calls); what is marked here counts from then on."
                />
            }.into_any())}
            {none.then(|| view! {
                <p>"Nobody. Turn on “Supervision allowed” for the member who manages the others."</p>
            }.into_any())}
            {(!none).then(|| view! { <DescriptionList items=lines /> }.into_any())}
            {(more > 0).then(|| view! { <p>{["And ", &more.to_string(), " more managers; see each huntgroup."].concat()}</p> }.into_any())}
            {(!protected.is_empty()).then(|| view! {
                <p><strong>"Never supervised: "</strong> {names(&protected)}"."</p>
            }.into_any())}
        </Card>
    }
    .into_any()
}

/// Whose calls: "may supervise John (744) and Olivia (745)".
fn whom(agents: &[Extension]) -> String {
    if agents.is_empty() {
        "may supervise nobody: there is no other member who is not protected".into()
    } else {
        ["may supervise ", &names(agents)].concat()
    }
}

/// "A", "A and B", "A, B and C", "A, B, … and 188 more".
#[must_use]
pub fn names(people: &[Extension]) -> String {
    let (named, rest) = people.split_at(people.len().min(NAMED));
    let mut texts: Vec<String> = named.iter().map(Extension::text).collect();
    let last =
        if rest.is_empty() { texts.pop().unwrap_or_default() } else { [&rest.len().to_string(), " more"].concat() };
    if texts.is_empty() { last } else { [&texts.join(", "), " and ", &last].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(count: usize) -> Vec<Extension> {
        (0..count).map(|i| Extension { name: format!("P{i}"), number: format!("{}", 700 + i) }).collect()
    }

    #[test]
    fn a_few_people_are_named_and_many_are_counted() {
        assert_eq!(names(&people(0)), "");
        assert_eq!(names(&people(1)), "P0 (700)");
        assert_eq!(names(&people(2)), "P0 (700) and P1 (701)");
        assert_eq!(names(&people(3)), "P0 (700), P1 (701) and P2 (702)");
        let many = names(&people(200));
        assert!(many.starts_with("P0 (700), P1 (701), ") && many.ends_with(" and 188 more"), "{many}");
    }
}
