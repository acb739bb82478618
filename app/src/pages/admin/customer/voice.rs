//! Services > Voice calls: call supervision, the dialing rule, and how calls are recorded unless an account says otherwise.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    dialing::{DialingMode, EffectiveRule},
    ids::CustomerId,
    settings::{Effective, Setting},
};

use super::head::{CustomerHead, WHAT, customer_frame};
use crate::{
    data::{load, loaded},
    error::AppError,
    listing::Tone,
    parts::{address::of_address, codes_card::codes_card, owner::Owner, settings_panel::settings_panel},
    post::Done,
    ui::{Card, InstantSelect, Notice},
};

/// The settings of call supervision.
const SUPERVISION: [Setting; 4] =
    [Setting::CallSupervision, Setting::NoticeSpy, Setting::NoticeWhisper, Setting::NoticeBargeIn];

/// A customer's voice services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerVoice {
    /// What is around it.
    pub head: CustomerHead,
    /// The settings that the reader may see.
    pub settings: Vec<Effective>,
    /// Which rule the customer has, if the reader may see it.
    pub rule: Option<AssignedRule>,
    /// The codes in effect, if the reader may see them.
    pub codes: Option<EffectiveRule>,
}

/// The dialing rule of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignedRule {
    /// The assigned rule's id; empty: the built-in one.
    pub id: String,
    /// The rules to choose from: id and name.
    pub rules: Vec<(String, String)>,
    /// Whether the customer uses its own codes instead.
    pub mode: DialingMode,
}

/// A customer's voice services.
///
/// # Errors
/// No such customer.
#[server(endpoint = "customer_voice_read")]
pub async fn customer_voice_read(
    /// Which.
    id: CustomerId,
) -> Result<CustomerVoice, AppError> {
    use tandem_domain::ids::DialingRuleId;
    use tandem_store::dialing_rules;

    use super::head::FoundCustomer;
    use crate::{parts::settings_panel::effective, server::ask::Ask};

    let ask = Ask::now()?;
    let found = FoundCustomer::load(&ask, id).await?;
    let tell = |error| ask.tell(WHAT, error);
    let settings = effective(&ask, Owner::customer(id)).await?;
    let dialing = ask.store().dialing(found.tenant);
    let rule = if ask.me.sees(Field::CustomerDialingRule) {
        let chosen = dialing.get().await.map_err(tell)?.value;
        let rules = ask.store().dialing_rules().choices().await.map_err(tell)?;
        let key = |id: DialingRuleId| if id == dialing_rules::DEFAULT { String::new() } else { id.to_string() };
        Some(AssignedRule {
            id: chosen.assigned.map(key).unwrap_or_default(),
            rules: rules.into_iter().map(|(id, name)| (key(id), name)).collect(),
            mode: chosen.mode,
        })
    } else {
        None
    };
    let codes = if ask.me.sees(Field::ServiceCodes) { Some(dialing.effective().await.map_err(tell)?) } else { None };
    Ok(CustomerVoice { head: found.head(&ask), settings, rule, codes })
}

/// Assigns a dialing rule to a customer, if it still has the one that the person saw (`was`). An empty id is the built-in
/// rule.
///
/// # Errors
/// [`AppError::Refused`] when it has another by now; no such rule; no permission.
#[server(endpoint = "customer_rule_assign")]
pub async fn customer_rule_assign(
    /// Whose: the customer.
    customer: CustomerId,
    /// The value that the person saw.
    #[server(default)]
    was: Option<String>,
    /// The new dialing rule.
    #[server(default)]
    rule: Option<String>,
) -> Result<Done, AppError> {
    use tandem_domain::{error::FieldErrors, ids::DialingRuleId};
    use tandem_store::{StoreError, dialing_rules};

    use crate::{post::Undo, server::ask::Ask};

    let ask = Ask::now()?;
    let owner = Owner::customer(customer);
    let tenant = owner.tenant(&ask)?;
    ask.modify(Field::CustomerDialingRule)?;
    let tell = |error| ask.tell(WHAT, error);
    let changed =
        || AppError::Refused("The dialing rule was changed meanwhile. Nothing was overwritten; look again.".into());
    let (was, rule) = (was.unwrap_or_default(), rule.unwrap_or_default());
    let stored = ask.store().dialing(tenant).get().await.map_err(tell)?;
    let is =
        stored.value.assigned.filter(|id| *id != dialing_rules::DEFAULT).map(|id| id.to_string()).unwrap_or_default();
    if is != was {
        return Err(changed());
    }
    let mut dialing = stored.value;
    let unknown = |_| FieldErrors::one("rule", "Choose a dialing rule from the list.");
    dialing.assigned = if rule.is_empty() { None } else { Some(rule.parse::<DialingRuleId>().map_err(unknown)?) };
    match ask.store().dialing(tenant).update(stored.version, &dialing, &ask.change()).await {
        Ok(_) => {}
        Err(StoreError::Stale(_)) => return Err(changed()),
        Err(error) => return Err(tell(error)),
    }
    let fields = owner.undo_fields(&[("was", &rule), ("rule", &was)]);
    Ok(Done::say("Dialing rule assigned").undo(Undo { to: CustomerRuleAssign::PATH.into(), fields }))
}

/// The tab.
#[component]
pub fn CustomerVoicePage() -> impl IntoView {
    let data = load(of_address(WHAT, |id| CustomerVoiceRead { id }));
    loaded(data, |voice| {
        let CustomerVoice { head, settings, rule, codes } = voice;
        let owner = Owner::customer(head.id);
        let supervision = settings_panel(owner, &settings, &SUPERVISION).map(|rows| {
            view! {
                <Card title="Call supervision" description="Who supervises whom is marked in the huntgroups of the customer.">{rows}</Card>
            }.into_any()
        });
        let option = settings_panel(owner, &settings, &[Setting::DialingRulesOption]);
        let dialing = (rule.is_some() || option.is_some()).then(|| {
            view! {
                <Card title="Dialing rule" description="The codes that its phones dial for supervision and recording.">
                    {rule.map(|rule| assigned_rule(head.id, rule))}
                    {option}
                </Card>
            }
            .into_any()
        });
        let recording = settings_panel(owner, &settings, &Setting::RECORDING).map(|rows| {
            view! {
                <Card title="Call recording" description="What all accounts of the customer have, unless an account has its own value.">
                    {rows}
                </Card>
            }.into_any()
        });
        let codes = codes.map(|rule| codes_card(&rule));
        customer_frame(&head, view! { <div class="stack">{supervision} {dialing} {codes} {recording}</div> }.into_any())
    })
}

fn assigned_rule(customer: CustomerId, rule: AssignedRule) -> AnyView {
    let AssignedRule { id, rules, mode } = rule;
    let custom = match mode {
        DialingMode::Default => None,
        DialingMode::Custom => Some(view! {
            <Notice tone=Tone::Info text="The customer uses a custom rule of its own instead of the assigned one." />
        }),
    };
    let fields = vec![("customer", customer.to_string()), ("was", id.clone())];
    view! {
        <InstantSelect
            to=CustomerRuleAssign::PATH
            fields=fields
            name="rule"
            value=id
            options=rules
            label="Dialing rule"
            help="Assigned by the provider; an account can have another one of its own."
            field=Field::CustomerDialingRule
        />
        {custom}
    }
    .into_any()
}
