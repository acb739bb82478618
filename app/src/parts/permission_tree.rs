//! The permissions of an access role as a tree: entity → panel → field, a level or "Inherit" at every node, and beside it
//! the level in effect and where it comes from.
//!
//! Every node is a plain select named `entries[path]`, so that the form works without WebAssembly; the server function takes
//! them as `#[server(default)] entries: BTreeMap<String, String>`. In the browser the levels in effect follow each choice.

use leptos::{ev, prelude::*};
use tandem_domain::access::{AccessRole, Audience, Field, Level};
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;

use crate::{
    listing::Tone,
    ui::{
        Badge, Card, CollectAny as _, FormCtx, RadioCards, SelectField, TextField, TreeBranch, TreeRow, effect,
        use_form,
    },
};

/// An entity or a panel with what is below it.
struct Branch {
    path: &'static str,
    label: &'static str,
    below: Vec<Node>,
}

/// A node of the tree.
enum Node {
    Branch(Branch),
    Field(Field),
}

/// The whole tree, in the order of [`Field::ALL`].
fn tree() -> Vec<Branch> {
    let mut entities: Vec<Branch> = Vec::new();
    for field in Field::ALL.iter().copied() {
        let info = field.info();
        let mut nodes = field.nodes();
        let (Some(entity), Some(panel)) = (nodes.next(), nodes.next()) else { continue };
        if entities.last().is_none_or(|last| last.path != entity) {
            entities.push(Branch { path: entity, label: info.entity, below: Vec::new() });
        }
        let Some(Branch { below: panels, .. }) = entities.last_mut() else { continue };
        let known = matches!(panels.last(), Some(Node::Branch(last)) if last.path == panel);
        if !known {
            panels.push(Node::Branch(Branch { path: panel, label: info.panel, below: Vec::new() }));
        }
        if let Some(Node::Branch(panel)) = panels.last_mut() {
            panel.below.push(Node::Field(field));
        }
    }
    entities
}

/// The name of a node in words: "Customer > General".
#[must_use]
pub fn words(path: &str) -> String {
    let Some(info) = Field::ALL.iter().find(|field| field.nodes().any(|node| node == path)).map(|field| field.info())
    else {
        return path.to_owned();
    };
    match path.matches('/').count() {
        0 => info.entity.to_owned(),
        1 => format!("{} > {}", info.entity, info.panel),
        _ => format!("{} > {} > {}", info.entity, info.panel, info.label),
    }
}

/// The level in effect at a node, and the node above that says so; `None` is the base level.
fn in_effect<'a>(role: &AccessRole, path: &'a str) -> (Level, Option<&'a str>) {
    let mut node = path;
    loop {
        if let Some(level) = role.entries.get(node) {
            return (*level, Some(node));
        }
        match node.rfind('/') {
            Some(end) => node = &node[..end],
            None => return (role.base, None),
        }
    }
}

/// Whether anything below the node exists for the people of the role.
#[must_use]
pub fn exists(path: &str, audience: Audience) -> bool {
    Field::ALL.iter().any(|field| field.info().audiences.contains(&audience) && field.nodes().any(|node| node == path))
}

/// How many nodes below a branch differ from it.
fn exceptions(role: &AccessRole, path: &str) -> usize {
    role.entries.keys().filter(|entry| entry.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))).count()
}

/// The name of a node's control.
#[must_use]
pub fn entry_name(path: &str) -> String {
    format!("entries[{path}]")
}

/// The fields of a role, for a form that is already around them: name, for whom, base level, and the tree. `fixed_audience`
/// says why the people that the role is for cannot be changed; empty: they can.
pub fn role_fields(role: AccessRole, fixed_audience: String, editable: bool) -> AnyView {
    let form = use_form();
    let shown = as_typed(form, &role);
    let draft = RwSignal::new(shown.clone());
    let discarded = {
        let shown = shown.clone();
        move |_: ev::Event| draft.set(shown.clone())
    };
    effect(move || {
        let discarded = window_event_listener(ev::reset, discarded.clone());
        on_cleanup(move || discarded.remove());
    });
    let audiences = Audience::ALL.map(|audience| (audience.key().to_owned(), audience.label().to_owned())).to_vec();
    let levels = Level::ALL
        .map(|level| (level.key().to_owned(), level.label().to_owned(), level_help(level).to_owned()))
        .to_vec();
    let whom_help = if fixed_audience.is_empty() {
        "The role can be given to these people only.".into()
    } else {
        fixed_audience.clone()
    };
    view! {
        <div class="stack" on:change=move |event| changed(draft, &event)>
            <Card title="Role">
                <TextField name="name" label="Name" value=role.name disabled=!editable rule=tandem_domain::field::Rule::Name required=true width="medium" />
                <SelectField
                    name="audience"
                    label="For"
                    value=role.audience.key()
                    options=audiences
                    help=whom_help
                    disabled=!editable || !fixed_audience.is_empty()
                    width="medium"
                />
                <RadioCards
                    name="base"
                    label="Base level"
                    value=role.base.key()
                    options=levels
                    help="Counts wherever the tree below says nothing else."
                    disabled=!editable
                />
            </Card>
            <Card title="Permissions" description="The deepest level that is set counts: the field’s, else its panel’s, else its entity’s, else the base level.">
                {tree().into_iter().map(|entity| branch(form, draft, &shown, entity, editable)).collect_any()}
            </Card>
        </div>
    }
    .into_any()
}

const fn level_help(level: Level) -> &'static str {
    match level {
        Level::Forbidden => "Neither seen nor changed; the interface does not show that it exists.",
        Level::View => "Seen, not changed.",
        Level::Modify => "Seen and changed.",
    }
}

/// The role as the form shows it at first: what was typed before a post that was refused, else what is stored.
fn as_typed(form: FormCtx, stored: &AccessRole) -> AccessRole {
    let mut role = stored.clone();
    let initial = |name: &str, stored: &str| form.initial(name, stored.to_owned());
    role.audience = Audience::from_key(&initial("audience", role.audience.key())).unwrap_or(role.audience);
    role.base = Level::from_key(&initial("base", role.base.key())).unwrap_or(role.base);
    for path in Field::ALL.iter().flat_map(|field| field.nodes()) {
        let stored = stored.entries.get(path).map_or("", |level| level.key());
        set(&mut role, path, &initial(&entry_name(path), stored));
    }
    role
}

/// Gives a node a level by its name; an unknown one (the empty one) is "Inherit".
fn set(role: &mut AccessRole, path: &str, level: &str) {
    match Level::from_key(level) {
        Some(level) => {
            role.entries.insert(path.to_owned(), level);
        }
        None => {
            role.entries.remove(path);
        }
    }
}

/// Takes over what was chosen in one of the form's controls.
fn changed(draft: RwSignal<AccessRole>, event: &ev::Event) {
    let Some(target) = event.target() else { return };
    let (name, value) = match target.dyn_into::<HtmlSelectElement>() {
        Ok(select) => (select.name(), select.value()),
        Err(other) => match other.dyn_into::<web_sys::HtmlInputElement>() {
            Ok(input) => (input.name(), input.value()),
            Err(_) => return,
        },
    };
    draft.update(|role| match name.as_str() {
        "audience" => role.audience = Audience::from_key(&value).unwrap_or(role.audience),
        "base" => role.base = Level::from_key(&value).unwrap_or(role.base),
        other => {
            if let Some(path) = other.strip_prefix("entries[").and_then(|rest| rest.strip_suffix(']')) {
                set(role, path, &value);
            }
        }
    });
}

/// An entity or panel: its own level first, then what is below it.
fn branch(form: FormCtx, draft: RwSignal<AccessRole>, shown: &AccessRole, branch: Branch, editable: bool) -> AnyView {
    let Branch { path, label, below } = branch;
    let below = below
        .into_iter()
        .map(|node| match node {
            Node::Branch(panel) => self::branch(form, draft, shown, panel, editable),
            Node::Field(field) => row(form, draft, shown, field.info().path, field.info().label.to_owned(), editable),
        })
        .collect_any();
    // Opened where there is something to see: an entity, and a panel that has a level of its own in it.
    let open = !path.contains('/') || exceptions(shown, path) > 0;
    let all = row(form, draft, shown, path, format!("All of {label}"), editable);
    view! {
        <TreeBranch label=label state=move || summary(draft, path) hidden=Signal::derive(move || !exists(path, draft.read().audience)) open=open>
            {all}
            {below}
        </TreeBranch>
    }
    .into_any()
}

/// One node: name, level in effect and its origin, and the choice.
fn row(
    form: FormCtx,
    draft: RwSignal<AccessRole>,
    shown: &AccessRole,
    path: &'static str,
    label: String,
    editable: bool,
) -> AnyView {
    let name = entry_name(path);
    let id = form.field_id(&name);
    let absent = Signal::derive(move || !exists(path, draft.read().audience));
    let chosen = shown.entries.get(path).map_or("", |level| level.key());
    let options = std::iter::once(("", "Inherit"))
        .chain(Level::ALL.iter().rev().map(|level| (level.key(), level.label())))
        .map(|(value, label)| view! { <option value=value selected=value == chosen>{label}</option> }.into_any())
        .collect_any();
    view! {
        <TreeRow label=label for_id=id.clone() state=move || state(draft, path) hidden=absent>
            <select
                id=id
                name=name
                class="input"
                aria-label=words(path)
                disabled=move || !editable || absent.get()
            >
                {options}
            </select>
        </TreeRow>
    }
    .into_any()
}

/// The level in effect, and where it comes from.
fn state(draft: RwSignal<AccessRole>, path: &'static str) -> AnyView {
    let (level, from) = draft.with(|role| in_effect(role, path));
    let from = match from {
        Some(node) if node == path => "set here".to_owned(),
        Some(node) => format!("from {}", words(node)),
        None => "from the base level".to_owned(),
    };
    view! { {level_badge(level)} " " <small>{from}</small> }.into_any()
}

/// The level of a whole branch, and how many nodes below it differ.
fn summary(draft: RwSignal<AccessRole>, path: &'static str) -> AnyView {
    let (level, below) = draft.with(|role| (in_effect(role, path).0, exceptions(role, path)));
    let below = match below {
        0 => String::new(),
        1 => "1 exception".to_owned(),
        n => format!("{n} exceptions"),
    };
    view! { {level_badge(level)} " " <small>{below}</small> }.into_any()
}

/// A level in a word.
pub fn level_badge(level: Level) -> AnyView {
    let tone = match level {
        Level::Forbidden => Tone::Bad,
        Level::View => Tone::Info,
        Level::Modify => Tone::Good,
    };
    view! { <Badge tone=tone text=level.label() /> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(entries: &[(&str, Level)]) -> AccessRole {
        AccessRole {
            name: "Support".into(),
            audience: Audience::Account,
            base: Level::View,
            entries: entries.iter().map(|(path, level)| ((*path).to_owned(), *level)).collect(),
        }
    }

    #[test]
    fn the_tree_holds_every_field_once_and_every_panel_under_its_entity() {
        let mut fields = Vec::new();
        for entity in tree() {
            for panel in entity.below {
                let Node::Branch(panel) = panel else { panic!("panels stand under entities") };
                assert!(panel.path.starts_with(entity.path));
                for field in panel.below {
                    let Node::Field(field) = field else { panic!("fields stand under panels") };
                    assert!(field.info().path.starts_with(panel.path));
                    fields.push(field);
                }
            }
        }
        assert_eq!(fields, Field::ALL);
    }

    #[test]
    fn a_level_in_effect_names_the_nearest_node_that_says_so() {
        let role = role(&[("account", Level::Forbidden), ("account/recording/email", Level::Modify)]);
        assert_eq!(in_effect(&role, "account/recording/email"), (Level::Modify, Some("account/recording/email")));
        assert_eq!(in_effect(&role, "account/recording/manual"), (Level::Forbidden, Some("account")));
        assert_eq!(in_effect(&role, "customer/general"), (Level::View, None));
        assert_eq!(exceptions(&role, "account"), 1);
        assert_eq!(exceptions(&role, "customer"), 0);
    }

    #[test]
    fn what_the_tree_shows_is_what_the_role_grants() {
        for role in AccessRole::built_in() {
            for field in Field::ALL.iter().filter(|field| field.info().audiences.contains(&role.audience)) {
                assert_eq!(in_effect(&role, field.info().path).0, role.level(*field), "{} {field:?}", role.name);
            }
        }
    }

    #[test]
    fn a_branch_without_fields_for_the_people_is_not_there() {
        assert!(!exists("configuration", Audience::Account));
        assert!(exists("configuration", Audience::Administrator));
        assert!(exists("account/recording", Audience::Account));
    }
}
