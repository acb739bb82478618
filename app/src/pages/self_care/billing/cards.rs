//! Saved cards: which there are, which is the default, saving another one, forgetting one.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    ids::{PaymentMethodId, SetupId},
};

use super::card_fields::{CardFields, Started, card_errors, card_fields};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::Tone,
    pages::errors::error_page,
    parts::address::parse_id,
    post::Done,
    ui::{
        Badge, Button, Card, CollectAny as _, ConfirmButton, EmptyState, Kind, LinkButton, Notice, PageHeader,
        PostForm, Row, Rows, Sign,
    },
};

/// Where the list is.
const LIST: &str = "/self-care/cards";
/// Where another one is saved. It is loaded as a whole document.
const NEW: &str = "/self-care/cards/new";

/// A saved card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardView {
    /// Which.
    pub id: PaymentMethodId,
    /// "Visa •••• 4242".
    pub label: String,
    /// Until when, and whether it was paid with.
    pub note: String,
    /// Default, expired, expiring soon; with its colour.
    pub badge: Option<(Tone, String)>,
    /// It is the default.
    pub default: bool,
}

/// The page of another card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCard {
    /// What names the one request of the form.
    pub token: String,
    /// The processor's fields; `None`: no payment system takes this currency.
    pub fields: Option<CardFields>,
}

/// How the saving of a card ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardOutcome {
    /// "Card saved", "Not saved".
    pub title: String,
    /// What that means, and what to do now; with its colour.
    pub now: (Tone, String),
    /// It can be tried again.
    pub again: bool,
}

/// Until when a card can be used.
#[cfg(feature = "ssr")]
pub(super) fn until(method: &tandem_domain::billing::method::PaymentMethod) -> String {
    match (method.exp_month, method.exp_year) {
        (Some(month), Some(year)) => format!("Expires {month:02}/{year}"),
        (None, _) | (_, None) => String::new(),
    }
}

/// The saved cards.
///
/// # Errors
/// Without the permission to see saved cards.
#[server(endpoint = "card_list")]
pub async fn card_list() -> Result<Vec<CardView>, AppError> {
    use crate::{parts::billing::CARD, server::ask::Ask};

    let ask = Ask::now()?;
    ask.see(Field::PaymentMethods)?;
    let tenant = ask.money_tenant(None)?;
    let methods = ask.store().payment_methods().list(tenant).await.map_err(|error| ask.tell(CARD, error))?;
    let today = ask.today();
    let part =
        |range: std::ops::Range<usize>| today.get(range).and_then(|text| text.parse::<u16>().ok()).unwrap_or_default();
    let (year, month) = (part(0..4), u8::try_from(part(5..7)).unwrap_or_default());
    let (soon_year, soon_month) = if month >= 11 { (year + 1, month - 10) } else { (year, month + 2) };
    let view = |method: tandem_domain::billing::method::PaymentMethod| {
        let badge = if !method.usable {
            Some((Tone::Bad, "Cannot be used".to_owned()))
        } else if method.is_expired(year, month) {
            Some((Tone::Bad, "Expired".to_owned()))
        } else if method.is_expired(soon_year, soon_month) {
            Some((Tone::Warning, "Expires soon".to_owned()))
        } else {
            method.default.then(|| (Tone::Good, "Default".to_owned()))
        };
        CardView { id: method.id, label: method.label(), note: until(&method), badge, default: method.default }
    };
    Ok(methods.into_iter().map(view).collect())
}

/// What the page of another card needs.
///
/// # Errors
/// No permission to save cards.
#[server(endpoint = "card_new")]
pub async fn card_new() -> Result<NewCard, AppError> {
    use tandem_domain::{billing::system::PayBy, money::Money};

    use crate::{
        parts::billing::CARD,
        server::{ask::Ask, billing::new_token},
    };

    let ask = Ask::now()?;
    ask.modify(Field::PaymentMethods)?;
    let tenant = ask.money_tenant(None)?;
    let tell = |error| ask.tell(CARD, error);
    let currency = ask.store().customers().get(tenant).await.map_err(tell)?.value.currency;
    let system = ask.store().payment_systems().active_for(PayBy::Card, currency).await.map_err(tell)?;
    let fields = system.map(|system| CardFields::new(&ask, &system.value, Money::zero(currency)));
    Ok(NewCard { token: new_token(), fields })
}

/// Begins to save a card that is given in the processor's fields.
///
/// # Errors
/// What is refused and why; no permission to save cards.
#[server(endpoint = "card_begin")]
pub async fn card_begin(
    /// What names the one request of the form.
    token: String,
) -> Result<Started, AppError> {
    use crate::{
        parts::billing::CARD,
        server::{ask::Ask, billing::in_words},
    };

    let ask = Ask::now()?;
    ask.modify(Field::PaymentMethods)?;
    let tenant = ask.money_tenant(None)?;
    let saving = ask.services().billing.setup_begin(&ask.change(), tenant, &token).await;
    let saving = saving.map_err(|error| in_words(ask.tell_billing(CARD, error)))?;
    Ok(Started {
        client_secret: saving.client_secret.map(|secret| secret.expose().to_owned()),
        go: format!("{LIST}/return?setup={}", saving.setup.id),
        resume: NEW.into(),
        payment: String::new(),
        save: true,
    })
}

/// Asks the processor how the saving of a card stands, and tells it.
///
/// # Errors
/// No such saving of this customer; no permission to save cards.
#[server(endpoint = "card_return")]
pub async fn card_return(
    /// Which.
    setup: SetupId,
) -> Result<CardOutcome, AppError> {
    use tandem_domain::billing::method::SetupState;

    use crate::{parts::billing::CARD, server::ask::Ask};

    let ask = Ask::now()?;
    ask.modify(Field::PaymentMethods)?;
    let tenant = ask.money_tenant(None)?;
    let saving = ask.services().billing.setup_returned(tenant, setup).await;
    let saving = saving.map_err(|error| ask.tell_billing(CARD, error))?;
    let outcome = |title: &str, tone: Tone, text: String, again: bool| CardOutcome {
        title: title.into(),
        now: (tone, text),
        again,
    };
    Ok(match saving.setup.state {
        SetupState::Succeeded => {
            let text = "You can pay with it. After one payment with it, it can be charged automatically.";
            outcome("Card saved", Tone::Good, text.into(), false)
        }
        SetupState::Failed => {
            outcome("Card not saved", Tone::Bad, "It was called off. You can try again.".into(), true)
        }
        SetupState::Open => {
            let text = match saving.failure {
                Some(failure) => format!("{} {}", failure.message, failure.kind.advice()),
                None => "The card was not saved yet. If your bank asked you something, answer it; or try again.".into(),
            };
            outcome("Card not saved", Tone::Warning, text, true)
        }
    })
}

/// Makes a card the default.
///
/// # Errors
/// No such card; no permission.
#[server(endpoint = "card_default")]
pub async fn card_default(
    /// Which.
    id: PaymentMethodId,
) -> Result<Done, AppError> {
    use crate::{parts::billing::CARD, server::ask::Ask};

    let ask = Ask::now()?;
    ask.modify(Field::PaymentMethods)?;
    let tenant = ask.money_tenant(None)?;
    let done = ask.services().billing.set_default(&ask.change(), tenant, id).await;
    done.map_err(|error| ask.tell_billing(CARD, error))?;
    Ok(Done::say("Default card changed"))
}

/// Forgets a card.
///
/// # Errors
/// No such card; no permission.
#[server(endpoint = "card_remove")]
pub async fn card_remove(
    /// Which.
    id: PaymentMethodId,
) -> Result<Done, AppError> {
    use crate::{parts::billing::CARD, server::ask::Ask};

    let ask = Ask::now()?;
    ask.modify(Field::PaymentMethods)?;
    let tenant = ask.money_tenant(None)?;
    let done = ask.services().billing.remove_method(&ask.change(), tenant, id).await;
    done.map_err(|error| ask.tell_billing(CARD, error))?;
    Ok(Done::say("Card removed"))
}

/// The list.
#[component]
pub fn CardsPage() -> impl IntoView {
    loaded(load(|| Ok(CardList {})), |cards| {
        let may = me().modifies(Field::PaymentMethods);
        let add = || view! { <LinkButton href=NEW label="Add card" kind=Kind::Primary anew=true /> };
        let actions = move || may.then(add);
        let content = if cards.is_empty() {
            view! {
                <EmptyState
                    title="No saved cards"
                    text="Save one here, or while you pay. The card itself is kept by the payment service, not by us."
                    sign=Sign::CreditCard
                />
            }
            .into_any()
        } else {
            let rows = cards.into_iter().map(|card| card_row(card, may)).collect_any();
            view! { <Card flush=true><Rows label="Saved cards">{rows}</Rows></Card> }.into_any()
        };
        view! {
            <PageHeader title="Saved cards" subtitle="The default one is charged by automatic payment." actions=actions />
            <div class="stack max-w-208">{content}</div>
        }
        .into_any()
    })
}

fn card_row(card: CardView, may: bool) -> AnyView {
    let CardView { id, label, note, badge, default } = card;
    let badge = badge.map(|(tone, text)| view! { <Badge tone=tone text=text /> }.into_any());
    let fields = || vec![("id", id.to_string())];
    let title = ["Remove ", &label, "?"].concat();
    let text = if default {
        "It is not charged any more, and automatic payment is turned off."
    } else {
        "It is not charged any more. You can save it again at any time."
    };
    let actions = may.then(|| {
        let default = (!default).then(|| {
            view! { <PostForm to=CardDefault::PATH fields=fields()><Button label="Make default" kind=Kind::Ghost /></PostForm> }.into_any()
        });
        view! {
            {default}
            <PostForm to=CardRemove::PATH fields=fields()>
                <ConfirmButton label="Remove" title=title text=text confirm="Remove card" danger=true kind=Kind::Ghost />
            </PostForm>
        }
        .into_any()
    });
    view! { <Row title=label note=note badge=badge actions=actions /> }.into_any()
}

/// Another card.
#[component]
pub fn NewCardPage() -> impl IntoView {
    if !me().modifies(Field::PaymentMethods) {
        return error_page(&AppError::forbidden(Field::PaymentMethods));
    }
    loaded(load(|| Ok(CardNew {})), |NewCard { token, fields }| {
        let content = match fields {
            None => view! {
                <Notice tone=Tone::Warning text="Cards cannot be saved at the moment. Please tell your provider." />
            }
            .into_any(),
            Some(fields) => view! {
                <Card title="Card" description="Your bank may ask you to confirm that it is you. Nothing is charged.">
                    <form method="post" class="pay stack">
                        <input type="hidden" name="token" value=token />
                        <input type="hidden" name="method" value="new" />
                        {card_fields(fields, CardBegin::PATH, None)}
                        {card_errors()}
                        <div class="actions"><Button label="Save card" kind=Kind::Primary /> <LinkButton href=LIST label="Cancel" /></div>
                    </form>
                </Card>
            }
            .into_any(),
        };
        view! {
            <PageHeader title="Add a card" back=(LIST, "Saved cards") />
            <div class="stack max-w-160">{content}</div>
        }
        .into_any()
    })
}

/// How the saving of a card ended.
#[component]
pub fn CardReturnPage() -> impl IntoView {
    if !me().modifies(Field::PaymentMethods) {
        return error_page(&AppError::forbidden(Field::PaymentMethods));
    }
    let query = use_query_map();
    let which = move || query.read().get("setup").unwrap_or_default();
    if untrack(which).is_empty() {
        return view! {
            <PageHeader title="Saved cards" back=(LIST, "Saved cards") />
            <EmptyState title="Which card?" text="The address does not say. All saved cards are in the list." />
        }
        .into_any();
    }
    loaded(load(move || Ok(CardReturn { setup: parse_id("saved card", &which())? })), |outcome| {
        let CardOutcome { title, now: (tone, text), again } = outcome;
        view! {
            <PageHeader title=title back=(LIST, "Saved cards") />
            <div class="stack max-w-160">
                <Notice tone=tone text=text />
                <div class="actions">
                    {again.then(|| view! { <LinkButton href=NEW label="Try again" kind=Kind::Primary anew=true /> }.into_any())}
                    <LinkButton href=LIST label="Saved cards" />
                    <LinkButton href="/self-care/billing" label="Billing" />
                </div>
            </div>
        }
        .into_any()
    })
}
