//! Dialing rules of type PBX: the provider's sets of codes, one of which every customer and account has.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    dialing::{DialingRule, PbxCodes},
    field::Rule,
    ids::{DialingRuleId, Stored, Version},
};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{ListArgs, Listing, Tone},
    pages::errors::error_page,
    parts::{
        address::of_address,
        codes_form::{CodesDraft, TypedCodes, codes_form},
        number_preview::number_preview,
        usage::{Usage, delete_card, usage_card},
    },
    post::Done,
    ui::{Badge, Card, EditForm, ListPage, NewForm, PageHeader, TextField, list_args},
};

/// The codes, and where there is room the preview at their side, in view while the codes are changed.
const SIDE_BY_SIDE: &str =
    "grid items-start gap-5 max-w-208 min-[88rem]:max-w-none min-[88rem]:grid-cols-[minmax(0,52rem)_minmax(0,24rem)]";
/// The place of the preview.
const AT_THE_SIDE: &str =
    "min-[88rem]:sticky min-[88rem]:top-8 min-[88rem]:col-start-2 min-[88rem]:row-start-1 min-[88rem]:row-span-3";

/// What a dialing rule is called in an answer.
const WHAT: &str = "dialing rule";

/// A rule as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialingRuleRecord {
    /// The rule.
    pub rule: Stored<DialingRuleId, DialingRule>,
    /// It is the rule of all who have no other.
    pub is_default: bool,
    /// The customers and accounts that have it.
    pub usage: Usage,
}

/// A page of the list.
///
/// # Errors
/// Without permission to see dialing rules.
#[server(endpoint = "dialing_rule_list")]
pub async fn dialing_rule_list(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    use tandem_domain::dialing::{CodeField, Kind};

    use crate::{
        listing::{Cell, Column, ListRow},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    ask.see(Field::DialingRules)?;
    let page = ask.store().dialing_rules().list(&args.query(())).await.map_err(|error| ask.tell(WHAT, error))?;
    let columns = ["Join a call", "Switch", "Record", "Customers", "Accounts"].map(Column::plain);
    let columns = std::iter::once(Column::sorted("Name", "name")).chain(columns).collect();
    Ok(Listing::of(columns, page, |row| {
        let codes = |kind: Kind| {
            let codes =
                CodeField::ALL.into_iter().filter(|field| field.kind() == kind).map(|field| row.rule.codes.get(field));
            Cell::Figures(codes.collect::<Vec<_>>().join(" "))
        };
        let cells = [Kind::Prefix, Kind::Digit, Kind::Recording].map(codes);
        let note = if row.built_in { "Default" } else { "" };
        let counts = [row.customers, row.accounts].map(|count| Cell::Figures(count_words(count)));
        ListRow {
            href: Some(format!("/admin/dialing-rules/{}", row.id)),
            cells: std::iter::once(Cell::Two(row.rule.name, note.into())).chain(cells).chain(counts).collect(),
        }
    }))
}

/// One rule, and who has it.
///
/// # Errors
/// No such rule; no permission.
#[server(endpoint = "dialing_rule_read")]
pub async fn dialing_rule_read(
    /// Which rule.
    id: DialingRuleId,
) -> Result<DialingRuleRecord, AppError> {
    use tandem_store::users::Users;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::DialingRules)?;
    let rule = ask.store().dialing_rules().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let users = Users::of_dialing_rule(ask.store(), id).await.map_err(|error| ask.tell(WHAT, error))?;
    let usage = Usage::of(&ask.me, users);
    Ok(DialingRuleRecord { is_default: id == tandem_store::dialing_rules::DEFAULT, rule, usage })
}

/// Adds a rule.
///
/// # Errors
/// What is wrong with the name and the codes; no permission.
#[server(endpoint = "dialing_rule_create")]
pub async fn dialing_rule_create(
    /// The name.
    name: String,
    /// The codes.
    #[server(flatten)]
    codes: TypedCodes,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::DialingRules)?;
    let rule = parse(&name, &codes, &PbxCodes::default())?;
    let id = ask.store().dialing_rules().create(&rule, &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Dialing rule added").go(format!("/admin/dialing-rules/{id}")))
}

/// Saves a rule.
///
/// # Errors
/// What is wrong with the name and the codes; somebody else saved meanwhile; no permission.
#[server(endpoint = "dialing_rule_save")]
pub async fn dialing_rule_save(
    /// Which rule.
    id: DialingRuleId,
    /// The version that the edit starts from.
    version: Version,
    /// The name.
    name: String,
    /// The codes.
    #[server(flatten)]
    codes: TypedCodes,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::DialingRules)?;
    let stored = ask.store().dialing_rules().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let rule = parse(&name, &codes, &stored.value.codes)?;
    ask.store()
        .dialing_rules()
        .update(id, stored.basis(version), &rule, &ask.change())
        .await
        .map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Dialing rule saved"))
}

/// Deletes a rule that nobody has.
///
/// # Errors
/// Somebody has it, or it is the default rule; no permission.
#[server(endpoint = "dialing_rule_delete")]
pub async fn dialing_rule_delete(
    /// Which rule.
    id: DialingRuleId,
    /// The version that the person saw.
    version: Version,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::DialingRules)?;
    let stored = ask.store().dialing_rules().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let version = Some(stored.basis(version));
    ask.store().dialing_rules().delete(id, version, &ask.change()).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Dialing rule deleted").go("/admin/dialing-rules"))
}

/// The rule that was typed; what was not sent is as in `stored`.
#[cfg(feature = "ssr")]
fn parse(name: &str, codes: &TypedCodes, stored: &PbxCodes) -> Result<DialingRule, AppError> {
    let mut errors = tandem_domain::error::FieldErrors::default();
    let name = errors.take("name", tandem_domain::field::name(name));
    let codes = codes.parse(stored).map_err(|wrong| errors.0.extend(wrong.0)).ok();
    match (name, codes) {
        (Some(name), Some(codes)) => Ok(DialingRule { name, codes }),
        (None, _) | (_, None) => Err(errors.into()),
    }
}

/// "12", or "more than 1,000" for what was counted no further.
#[cfg(feature = "ssr")]
fn count_words(count: i64) -> String {
    if count > i64::from(tandem_domain::list::COUNT_CAP) { "more than 1,000".into() } else { count.to_string() }
}

/// All rules.
#[component]
pub fn DialingRulesPage() -> impl IntoView {
    let args = list_args();
    let new = me()
        .modifies(Field::DialingRules)
        .then(|| ("/admin/dialing-rules/new".to_owned(), "Add dialing rule".to_owned()));
    view! {
        <ListPage
            title="Dialing rules"
            description="Codes that phones dial to join, switch and record calls. Each customer or account has one rule."
            listing=load(move || Ok(DialingRuleList { args: args.get() }))
            args=args
            noun=("dialing rule", "dialing rules")
            new=new
            search_in="name"
            seen_by=&[Field::DialingRules]
        />
    }
}

/// A new rule; it begins with the default codes.
#[component]
pub fn NewDialingRulePage() -> impl IntoView {
    if !me().modifies(Field::DialingRules) {
        return error_page(&AppError::forbidden(Field::DialingRules));
    }
    let draft = CodesDraft::new(PbxCodes::default());
    view! {
        <PageHeader title="Add dialing rule" subtitle="Type: PBX" back=("/admin/dialing-rules", "Dialing rules") />
        <div class=SIDE_BY_SIDE>
            <NewForm to=DialingRuleCreate::PATH button="Add dialing rule" cancel_href="/admin/dialing-rules">
                {fields("", &PbxCodes::default(), draft)}
            </NewForm>
            <div class=AT_THE_SIDE>{number_preview(draft)}</div>
        </div>
    }
    .into_any()
}

/// One rule.
#[component]
pub fn DialingRulePage() -> impl IntoView {
    let record = load(of_address(WHAT, |id| DialingRuleRead { id }));
    loaded(record, |DialingRuleRecord { rule, is_default, usage }| {
        let may = me().modifies(Field::DialingRules);
        let id = rule.id.to_string();
        let draft = CodesDraft::new(rule.value.codes.clone());
        let name = rule.value.name.clone();
        let badge = move || is_default.then(|| view! { <Badge tone=Tone::Info text="Default" /> }.into_any());
        let subtitle =
            if is_default { "Type: PBX. The rule of every customer that has no other." } else { "Type: PBX" };
        view! {
            <PageHeader title=name.clone() subtitle=subtitle badge=badge back=("/admin/dialing-rules", "Dialing rules") />
            <div class=SIDE_BY_SIDE>
                <EditForm to=DialingRuleSave::PATH version=rule.version fields=vec![("id", id.clone())] editable=may>
                    {fields(&rule.value.name, &rule.value.codes, draft)}
                </EditForm>
                <div class=AT_THE_SIDE>{number_preview(draft)}</div>
                {usage_card(&usage, "It is not assigned to any customer or account.")}
                {(may && !is_default)
                    .then(|| delete_card(DialingRuleDelete::PATH, id, rule.version, "dialing rule", &name, usage.count > 0))}
            </div>
        }
        .into_any()
    })
}

/// The fields of a rule, for a form that is already around them.
fn fields(name: &str, codes: &PbxCodes, draft: CodesDraft) -> AnyView {
    let name = name.to_owned();
    let codes = codes_form(codes, Field::DialingRules, draft);
    view! {
        <Card title="General">
            <TextField name="name" label="Name" value=name rule=Rule::Name field=Field::DialingRules required=true width="medium" />
        </Card>
        <Card title="Codes">{codes}</Card>
    }
    .into_any()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::server::forms::decode;

    #[tokio::test]
    async fn codes_are_read_with_their_stars_and_hashes() {
        let form = "name=Old&spy_prefix=%2A21&whisper_prefix=*22&barge_in_prefix=%2323&spy_digit=1&whisper_digit=2&barge_in_digit=3\
                    &record_start=*44&record_stop=*45";
        let typed: DialingRuleCreate = decode(form).await.unwrap();
        let rule = parse(&typed.name, &typed.codes, &PbxCodes::default()).unwrap();
        assert_eq!(rule.codes.barge_in_prefix.as_str(), "#23");
        assert_eq!(rule.codes.spy_digit.key(), '1');
    }

    #[tokio::test]
    async fn everything_that_is_wrong_is_said_at_once() {
        let typed: DialingRuleCreate =
            decode("name=&spy_prefix=&whisper_prefix=*91&barge_in_prefix=*91").await.unwrap();
        let Err(AppError::Invalid(errors)) = parse(&typed.name, &typed.codes, &PbxCodes::default()) else {
            panic!("a rule that cannot be")
        };
        let wrong: Vec<&str> = errors.0.keys().map(String::as_str).collect();
        assert_eq!(wrong, ["barge_in_prefix", "name", "spy_prefix", "whisper_prefix"]);
    }
}
