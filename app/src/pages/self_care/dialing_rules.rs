//! IP Centrex > Dialing rules: the rule that the provider assigned, or the company's own codes.

use leptos::{ev, html, prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    dialing::{CodeField, DialingMode, EffectiveRule, PbxCodes},
    ids::Version,
};
use wasm_bindgen::JsCast;

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::Tone,
    parts::{
        codes_card::codes_card,
        codes_form::{CodesDraft, TypedCodes, codes_form},
        number_preview::number_preview,
    },
    post::{Done, Typed},
    ui::{Card, DescriptionList, EditForm, Notice, PageHeader, RadioCards, WhenChosen, effect, use_form},
};

/// The company's codes, as far as the reader's role shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialingView {
    /// The codes that work on the phones at present.
    pub effective: EffectiveRule,
    /// The choice between the two rules; `None` when the role does not show it.
    pub choice: Option<DialingChoice>,
}

/// The choice between the default rule and the custom one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialingChoice {
    /// The version that an edit starts from.
    pub version: Version,
    /// Whether the provider lets the company use codes of its own.
    pub open: bool,
    /// What is chosen.
    pub mode: DialingMode,
    /// The name of the assigned rule.
    pub default_name: String,
    /// Its codes.
    pub default_codes: PbxCodes,
    /// The company's own codes, kept while they are not used.
    pub custom: PbxCodes,
}

/// The company's codes.
///
/// # Errors
/// No permission to see them; somebody who is no customer.
#[server(endpoint = "dialing_choice_read")]
pub async fn dialing_choice_read() -> Result<DialingView, AppError> {
    use super::own::own_company;
    use crate::server::ask::Ask;
    use tandem_domain::settings::Setting;
    use tandem_store::dialing_rules::DEFAULT;

    let ask = Ask::now()?;
    let tenant = own_company(&ask)?;
    let tell = |error| ask.tell("dialing rule", error);
    let sees_choice = ask.me.sees(Field::CustomRule);
    if !sees_choice {
        ask.see(Field::ServiceCodes)?;
    }
    let effective = ask.store().dialing(tenant).effective().await.map_err(tell)?;
    if !sees_choice {
        return Ok(DialingView { effective, choice: None });
    }
    let stored = ask.store().dialing(tenant).get().await.map_err(tell)?;
    let default = ask.store().dialing_rules().get(stored.value.assigned.unwrap_or(DEFAULT)).await.map_err(tell)?.value;
    let settings = ask.store().settings(tenant).effective().await.map_err(tell)?;
    let open =
        settings.iter().any(|effective| effective.setting == Setting::DialingRulesOption && effective.value.is_on());
    let choice = DialingChoice {
        version: stored.version,
        open,
        mode: stored.value.mode,
        default_name: default.name,
        default_codes: default.codes,
        custom: stored.value.custom,
    };
    Ok(DialingView { effective, choice: Some(choice) })
}

/// Chooses the default or the custom rule, and saves the custom codes. While the default rule is chosen, custom codes that
/// cannot be used are left as they were.
///
/// # Errors
/// What is wrong with the codes; somebody else changed them meanwhile; the option is off; no permission.
#[server(endpoint = "dialing_choice_save")]
pub async fn dialing_choice_save(
    /// The version that the edit starts from.
    version: Version,
    /// `default` or `custom`; not sent: stays.
    #[server(default)]
    rule: Typed,
    /// The custom codes.
    #[server(flatten)]
    codes: TypedCodes,
) -> Result<Done, AppError> {
    use super::own::own_company;
    use crate::server::ask::Ask;
    use tandem_domain::{dialing::CustomerDialing, error::FieldErrors, settings::Setting};

    let ask = Ask::now()?;
    let tenant = own_company(&ask)?;
    ask.modify(Field::CustomRule)?;
    let tell = |error| ask.tell("dialing rule", error);
    let settings = ask.store().settings(tenant).effective().await.map_err(tell)?;
    if !settings.iter().any(|effective| effective.setting == Setting::DialingRulesOption && effective.value.is_on()) {
        return Err(AppError::Refused(OPTION_OFF.into()));
    }
    let dialing = ask.store().dialing(tenant);
    let stored = dialing.get().await.map_err(tell)?;
    let (version, stored) = (stored.basis(version), stored.value);
    let mode = DialingMode::from_key(&rule.or(stored.mode.key()))
        .ok_or_else(|| FieldErrors::one("rule", "Choose the default rule or the custom rule."))?;
    let custom = match (mode, codes.parse(&stored.custom)) {
        (DialingMode::Custom, parsed) => parsed?,
        (DialingMode::Default, parsed) => parsed.unwrap_or(stored.custom),
    };
    dialing.update(version, &CustomerDialing { mode, custom, ..stored }, &ask.change()).await.map_err(tell)?;
    Ok(Done::say(match mode {
        DialingMode::Default => "The default rule is in effect. Your custom codes are kept for later.",
        DialingMode::Custom => "Your custom rule is in effect. Phones use its codes from now on.",
    }))
}

/// Why there is no choice, and who can change that.
const OPTION_OFF: &str = "Your phones use the default rule. Your provider can turn on the dialing rules option \
                          (Customer > Services > Voice calls); then you can write codes of your own here.";

/// The page.
#[component]
pub fn DialingRulesPage() -> impl IntoView {
    let data = load(|| Ok(DialingChoiceRead {}));
    loaded(data, |DialingView { effective, choice }| {
        let content = match choice {
            Some(choice) if choice.open => choice_form(choice),
            Some(_) => view! {
                <Notice tone=Tone::Info text=OPTION_OFF />
                {codes_card(&effective)}
                {number_preview(CodesDraft::new(effective.codes))}
            }
            .into_any(),
            None => view! {
                {codes_card(&effective)}
                {number_preview(CodesDraft::new(effective.codes))}
            }
            .into_any(),
        };
        view! {
            <PageHeader title="Dialing rules" subtitle="The codes that your phones dial to supervise and to record calls." />
            <div class="stack max-w-208">{content}</div>
        }
        .into_any()
    })
}

/// The form: one rule or the other, each with its codes.
fn choice_form(choice: DialingChoice) -> AnyView {
    let DialingChoice { version, open: _, mode, default_name, default_codes, custom } = choice;
    let draft = CodesDraft::new(custom.clone());
    let standard = CodesDraft::new(default_codes.clone());
    let is_custom = RwSignal::new(mode == DialingMode::Custom);
    let editable = me().modifies(Field::CustomRule);
    let default_facts = CodeField::ALL.map(|field| (field.label().to_owned(), default_codes.get(field))).to_vec();
    let title = ["Default rule: ", &default_name].concat();
    view! {
        <EditForm to=DialingChoiceSave::PATH version=version editable=editable>
            <Card title="Rule in effect">{rule_choice(mode, default_name, is_custom)}</Card>
            <WhenChosen chosen=is_custom>
                <Card title="Custom rule" description="Your own codes. Accounts to which the provider gave a rule of their own keep that one.">
                    {codes_form(&custom, Field::CustomRule, draft)}
                </Card>
            </WhenChosen>
            <WhenChosen chosen=Signal::derive(move || !is_custom.get())>
                <Card title=title description="Written by your provider.">
                    <DescriptionList items=default_facts />
                </Card>
            </WhenChosen>
        </EditForm>
        {move || number_preview(if is_custom.get() { draft } else { standard })}
    }
    .into_any()
}

/// The two rules to choose from. Keeps `is_custom` as it stands in the form.
fn rule_choice(mode: DialingMode, default_name: String, is_custom: RwSignal<bool>) -> AnyView {
    is_custom.set(use_form().initial("rule", mode.key().into()) == DialingMode::Custom.key());
    let node = NodeRef::<html::Div>::new();
    let look = move || {
        let chosen = node.get_untracked().and_then(|div| div.query_selector("input:checked").ok().flatten());
        if let Some(chosen) = chosen.and_then(|input| input.dyn_into::<web_sys::HtmlInputElement>().ok()) {
            is_custom.set(chosen.value() == DialingMode::Custom.key());
        }
    };
    // "Discard" changes the choice without a word.
    effect(move || {
        if node.get().is_some() {
            look();
            let discarded = window_event_listener(ev::reset, move |_| request_animation_frame(look));
            on_cleanup(move || discarded.remove());
        }
    });
    let options = DialingMode::ALL
        .map(|mode| {
            let text = match mode {
                DialingMode::Default => ["The codes that your provider assigned: “", &default_name, "”."].concat(),
                DialingMode::Custom => "Codes of your own. They are kept when you switch back.".into(),
            };
            (mode.key().to_owned(), mode.label().to_owned(), text)
        })
        .to_vec();
    view! {
        <div node_ref=node on:change=move |_| look()>
            <RadioCards name="rule" label="Rule" value=mode.key() options=options field=Field::CustomRule />
        </div>
    }
    .into_any()
}
