//! Paying: an invoice, an amount into the balance, or going on with a payment that was begun before.
//!
//! Opening the page changes nothing. The payment is begun when its button is pressed: with a saved card by the form itself,
//! with a new one by `public/pay.js`. The token in the form makes a second press, a second tab and the back button the same
//! payment.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::{Deserialize, Serialize};
use tandem_domain::access::Field;

use super::{
    card_fields::{CardFields, Started, card_errors, card_fields},
    returned::PaymentReturn,
    what::{PayWhat, amount_form},
};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::Tone,
    pages::errors::error_page,
    post::{Done, Typed},
    ui::{
        Button, Card, Checkbox, CollectAny as _, DescriptionList, EmptyState, Kind, LinkButton, Notice, PageHeader,
        RadioCards,
    },
};

/// A page of a payment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayView {
    /// What is paid.
    pub what: PayWhat,
    /// "Pay invoice INV-000004".
    pub title: String,
    /// What for, how much.
    pub facts: Vec<(String, String)>,
    /// What the button says.
    pub button: String,
    /// Why there is nothing to pay (any more), and where more is told; `None`: there is.
    pub over: Option<(String, String)>,
    /// Why the last attempt failed, and what to do; empty if none did.
    pub failed: String,
    /// Saved cards: id, name, until when. The default one first.
    pub cards: Vec<(String, String, String)>,
    /// Whether a new card is saved; `None`: the person says so.
    pub saves: Option<bool>,
    /// The processor's fields; `None`: no payment system takes this currency.
    pub fields: Option<CardFields>,
    /// What is wrong with the amount, and its currency; `None`: nothing is.
    pub wrong: Option<(String, String)>,
}

/// What is to be paid, and with what it can be.
///
/// # Errors
/// There is no such invoice or payment of this customer; the amount is none; no permission to pay.
#[server(endpoint = "pay_read")]
pub async fn pay_read(
    /// What is paid.
    #[server(flatten)]
    what: PayWhat,
) -> Result<PayView, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Payments)?;
    let tenant = ask.money_tenant(None)?;
    server::view(&ask, tenant, what).await
}

/// Begins a payment, or goes on with it, for a card that is given in the processor's fields.
///
/// # Errors
/// What is refused and why; no permission to pay.
#[server(endpoint = "pay_begin")]
pub async fn pay_begin(
    /// What is paid.
    #[server(flatten)]
    what: PayWhat,
    /// On: the card is saved.
    #[server(default)]
    save_method: Typed,
) -> Result<Started, AppError> {
    use crate::{
        parts::billing::{resume_path, return_path},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    ask.modify(Field::Payments)?;
    let tenant = ask.money_tenant(None)?;
    let save = save_method.on_or_off("save_method")?.unwrap_or(false);
    let paying = server::begin(&ask, tenant, &what, save).await?;
    let id = paying.payment.id;
    Ok(Started {
        client_secret: paying.client_secret.map(|secret| secret.expose().to_owned()),
        go: return_path(id),
        resume: resume_path(id),
        payment: id.to_string(),
        save: paying.payment.save_method,
    })
}

/// Pays with a saved card.
///
/// # Errors
/// What is refused and why; no such card; no permission to pay.
#[server(endpoint = "pay_saved")]
pub async fn pay_saved(
    /// What is paid.
    #[server(flatten)]
    what: PayWhat,
    /// The card's id, or `new`, which is no saved one.
    method: String,
) -> Result<Done, AppError> {
    use tandem_billing::error::BillingError;
    use tandem_store::StoreError;

    use crate::{
        parts::billing::{CARD, return_path},
        server::ask::Ask,
    };

    let ask = Ask::now()?;
    ask.modify(Field::Payments)?;
    let tenant = ask.money_tenant(None)?;
    if method == "new" {
        let text = "A new card is given in fields of the payment service, which need JavaScript. Turn it on, or pay with a saved card.";
        return Err(AppError::Refused(text.into()));
    }
    let none = || AppError::NotFound(CARD.into());
    let method = method.parse().map_err(|_| none())?;
    ask.store().payment_methods().one(tenant, method).await.map_err(|error| ask.tell(CARD, error))?;
    let paying = server::begin(&ask, tenant, &what, false).await?;
    let id = paying.payment.id;
    let told = return_path(id);
    if !paying.payment.state.can_be_resumed() {
        return Ok(Done::default().go(told));
    }
    match ask.services().billing.pay_with(&ask.change(), tenant, id, method).await {
        Ok(paying) if paying.redirect.is_some() => Ok(Done::default().go(told + "&bank=1")),
        Ok(_) => Ok(Done::default().go(told)),
        Err(error @ (BillingError::Store(StoreError::Refused(_)) | BillingError::OtherSystem)) => {
            Err(crate::server::billing::in_words(ask.tell_billing(CARD, error)))
        }
        Err(BillingError::Store(error)) => Err(ask.tell(CARD, error)),
        Err(error) => {
            // Pressed twice, or no answer in time: the page that follows asks how it stands.
            tracing::warn!(payment = %id, %error, "a saved card was not charged by this request");
            Ok(Done::default().go(told))
        }
    }
}

#[cfg(feature = "ssr")]
mod server {
    use tandem_billing::paying::{PayRequest, Paying};
    use tandem_domain::{
        access::{Field, Tenant, Who},
        billing::{
            failure::Failure,
            invoice::InvoiceState,
            payment::Payment,
            system::{PayBy, PaymentSystem},
        },
        ids::{InvoiceId, PaymentId, PaymentSystemId},
        locale::Currency,
        money::Money,
    };
    use tandem_store::payments::PayFor;

    use super::{CardFields, PayView, PayWhat};
    use crate::{
        error::AppError,
        parts::billing::{INVOICE, PAYMENT, invoice_path, payment_path, return_path, words},
        server::{
            ask::Ask,
            billing::{in_words, new_token},
        },
    };

    /// The page that pays an amount.
    const BALANCE_TITLE: &str = "Pay into your balance";

    /// What is paid, read.
    enum Wanted {
        Invoice(InvoiceId),
        Balance(Money),
        Payment(PaymentId),
    }

    fn wanted(what: &PayWhat, currency: Currency) -> Result<Wanted, AppError> {
        let no = |kind: &str| AppError::NotFound(kind.into());
        match (what.payment.as_str(), what.invoice.as_str()) {
            ("", "") => {
                let amount = Money::parse(&what.amount, currency).and_then(Money::payable);
                amount.map(Wanted::Balance).map_err(|error| AppError::Refused(error.0))
            }
            ("", invoice) => invoice.parse().map(Wanted::Invoice).map_err(|_| no(INVOICE)),
            (payment, _) => payment.parse().map(Wanted::Payment).map_err(|_| no(PAYMENT)),
        }
    }

    async fn currency_of(ask: &Ask, tenant: Tenant) -> Result<Currency, AppError> {
        let customer = ask.store().customers().get(tenant).await.map_err(|error| ask.tell("customer", error))?;
        Ok(customer.value.currency)
    }

    /// Begins the payment, or goes on with the one that is under way.
    pub(super) async fn begin(ask: &Ask, tenant: Tenant, what: &PayWhat, save: bool) -> Result<Paying, AppError> {
        let billing = &ask.services().billing;
        let change = ask.change();
        let (noun, paying) = match wanted(what, currency_of(ask, tenant).await?)? {
            Wanted::Payment(id) => (PAYMENT, billing.resume(&change, tenant, id).await),
            Wanted::Invoice(id) => {
                (INVOICE, billing.begin(&change, tenant, &request(ask, what, PayFor::Invoice(id), save)).await)
            }
            Wanted::Balance(amount) => (
                PAYMENT,
                billing.begin(&change, tenant, &request(ask, what, PayFor::Balance(amount.minor), save)).await,
            ),
        };
        paying.map_err(|error| in_words(ask.tell_billing(noun, error)))
    }

    fn request(ask: &Ask, what: &PayWhat, pay_for: PayFor, save: bool) -> PayRequest {
        let payer = match ask.me.who {
            Who::Account { account, .. } => Some(account),
            Who::Administrator(_) | Who::Customer(_) => None,
        };
        let save_method = save && ask.me.modifies(Field::PaymentMethods);
        PayRequest { token: what.token.clone(), pay_for, save_method, payer }
    }

    /// What a page says before its fields are known.
    struct Subject {
        title: String,
        facts: Vec<(String, String)>,
        amount: Money,
        over: Option<(String, String)>,
        /// The payment that is gone on with.
        payment: Option<Payment>,
    }

    pub(super) async fn view(ask: &Ask, tenant: Tenant, mut what: PayWhat) -> Result<PayView, AppError> {
        let currency = currency_of(ask, tenant).await?;
        let wanted = match wanted(&what, currency) {
            // Of the three, only an amount is refused with words that are for its field.
            Err(AppError::Refused(wrong)) => {
                let (title, wrong) = (BALANCE_TITLE.into(), Some((wrong, currency.code().into())));
                return Ok(PayView { what, title, wrong, ..PayView::default() });
            }
            wanted => wanted?,
        };
        let subject = match wanted {
            Wanted::Payment(id) => of_payment(ask, tenant, id).await?,
            Wanted::Invoice(id) => of_invoice(ask, tenant, id).await?,
            Wanted::Balance(amount) => {
                let balance =
                    ask.store().ledger().balance(tenant).await.map_err(|error| ask.tell("customer", error))?;
                Subject {
                    title: BALANCE_TITLE.into(),
                    facts: vec![("Now".into(), words::balance_words(ask, balance.balance, None))],
                    amount,
                    over: None,
                    payment: None,
                }
            }
        };
        let Subject { title, mut facts, amount, over, payment } = subject;
        if let Some(payment) = &payment {
            // Its own address, so that an amount that changes meanwhile is no other payment.
            what = PayWhat { payment: payment.id.to_string(), ..PayWhat::default() };
        }
        if what.token.is_empty() {
            what.token = new_token();
        }
        facts.push(("Amount".into(), ask.money(amount)));
        let system = system_for(ask, payment.as_ref().map(|payment| payment.system), currency).await?;
        let cards = match &system {
            Some((id, _)) => cards(ask, tenant, *id).await?,
            None => Vec::new(),
        };
        let failed = payment.as_ref().and_then(|payment| payment.failure.as_ref()).map(failed).unwrap_or_default();
        Ok(PayView {
            what,
            title,
            facts,
            button: format!("Pay {}", ask.money(amount)),
            over,
            failed,
            cards,
            saves: match &payment {
                Some(payment) => Some(payment.save_method),
                None => (!ask.me.modifies(Field::PaymentMethods)).then_some(false),
            },
            fields: system.map(|(_, system)| CardFields::new(ask, &system, amount)),
            wrong: None,
        })
    }

    fn failed(failure: &Failure) -> String {
        format!("The last attempt failed: {} {}", failure.message, failure.kind.advice())
    }

    async fn of_invoice(ask: &Ask, tenant: Tenant, id: InvoiceId) -> Result<Subject, AppError> {
        let tell = |error| ask.tell(INVOICE, error);
        let invoice = ask.store().invoices().one(tenant, id).await.map_err(tell)?;
        let payment = ask.store().payments().open_of_invoice(tenant, id).await.map_err(tell)?;
        let title = format!("Pay invoice {}", invoice.number);
        let facts = vec![
            ("Invoice".into(), invoice.number.to_string()),
            ("Due on".into(), ask.day(&invoice.due_on)),
            ("Total".into(), ask.money(invoice.total())),
        ];
        let over = match (invoice.state, &payment) {
            (InvoiceState::Paid, _) => Some(("This invoice is paid.".to_owned(), invoice_path(ask.me.audience(), id))),
            (InvoiceState::Void, _) => {
                Some(("This invoice was withdrawn.".to_owned(), invoice_path(ask.me.audience(), id)))
            }
            (InvoiceState::Open, Some(payment)) if !payment.state.can_be_resumed() => {
                Some(("Your bank is still at a payment of this invoice.".to_owned(), return_path(payment.id)))
            }
            (InvoiceState::Open, Some(payment)) if payment.amount != invoice.open() => {
                let text =
                    "A payment of another amount is under way for this invoice. Go on with it or cancel it first.";
                Some((text.to_owned(), payment_path(ask.me.audience(), payment.id)))
            }
            (InvoiceState::Open, _) => None,
        };
        let amount = if over.is_some() { invoice.total() } else { invoice.open() };
        Ok(Subject { title, facts, amount, over, payment })
    }

    async fn of_payment(ask: &Ask, tenant: Tenant, id: PaymentId) -> Result<Subject, AppError> {
        let row = ask.store().payments().one(tenant, id).await.map_err(|error| ask.tell(PAYMENT, error))?;
        let over = (!row.payment.state.can_be_resumed()).then(|| {
            let text = format!(
                "There is nothing to go on with: this payment is {}.",
                row.payment.state.label().to_ascii_lowercase()
            );
            (text, return_path(id))
        });
        Ok(Subject {
            title: "Go on paying".into(),
            facts: vec![("For".into(), words::paid_for(&row)), ("Begun".into(), ask.time(row.payment.created))],
            amount: row.payment.amount,
            over,
            payment: Some(row.payment),
        })
    }

    /// The payment system of a payment, or the one that takes this currency now.
    async fn system_for(
        ask: &Ask,
        known: Option<PaymentSystemId>,
        currency: Currency,
    ) -> Result<Option<(PaymentSystemId, PaymentSystem)>, AppError> {
        let tell = |error| ask.tell("payment system", error);
        let systems = ask.store().payment_systems();
        let found = match known {
            Some(id) => Some(systems.get(id).await.map_err(tell)?),
            None => systems.active_for(PayBy::Card, currency).await.map_err(tell)?,
        };
        Ok(found.map(|stored| (stored.id, stored.value)))
    }

    /// The saved cards that can be paid with there.
    async fn cards(
        ask: &Ask,
        tenant: Tenant,
        system: PaymentSystemId,
    ) -> Result<Vec<(String, String, String)>, AppError> {
        let methods =
            ask.store().payment_methods().list(tenant).await.map_err(|error| ask.tell("saved card", error))?;
        let mut methods: Vec<_> =
            methods.into_iter().filter(|method| method.system == system && method.usable).collect();
        methods.sort_by_key(|method| !method.default);
        Ok(methods
            .into_iter()
            .map(|method| (method.id.to_string(), method.label(), super::super::cards::until(&method)))
            .collect())
    }
}

/// Paying an invoice, or an amount.
#[component]
pub fn PayPage() -> impl IntoView {
    let query = use_query_map();
    let what = move || {
        let text = |name| query.read().get(name).unwrap_or_default();
        PayWhat { invoice: text("invoice"), amount: text("amount"), payment: String::new(), token: text("token") }
    };
    pay_page(what)
}

/// Going on with a payment.
#[component]
pub fn ResumePage() -> impl IntoView {
    let params = use_params_map();
    pay_page(move || PayWhat { payment: params.read().get("id").unwrap_or_default(), ..PayWhat::default() })
}

fn pay_page(what: impl Fn() -> PayWhat + Copy + Send + Sync + 'static) -> AnyView {
    if !me().modifies(Field::Payments) {
        return error_page(&AppError::forbidden(Field::Payments));
    }
    if untrack(what).is_nothing() {
        return view! {
            <PageHeader title="Pay" back=("/self-care/billing", "Billing") />
            <EmptyState title="Nothing is chosen" text="Choose an invoice, or an amount to pay into your balance.">
                <LinkButton href="/self-care/billing" label="Billing" kind=Kind::Primary />
            </EmptyState>
        }
        .into_any();
    }
    loaded(load(move || Ok(PayRead { what: what() })), |view| {
        let PayView { what, title, facts, button, over, failed, cards, saves, fields, wrong } = view;
        let content = match (over, fields) {
            _ if wrong.is_some() => wrong.map(|wrong| amount_form(what, wrong)).into_any(),
            (Some((text, href)), _) => view! {
                <Notice tone=Tone::Info text=text><LinkButton href=href label="See it" /></Notice>
            }
            .into_any(),
            (None, None) => view! {
                <Notice tone=Tone::Warning text="Payments by card cannot be made at the moment. Please tell your provider." />
            }
            .into_any(),
            (None, Some(fields)) => view! {
                <Card title="What you pay"><DescriptionList items=facts /></Card>
                {(!failed.is_empty()).then(|| view! { <Notice tone=Tone::Bad text=failed /> }.into_any())}
                <Card title="How you pay">{pay_form(what, button, cards, saves, fields)}</Card>
            }
            .into_any(),
        };
        view! {
            <PageHeader title=title back=("/self-care/billing", "Billing") />
            <div class="stack max-w-160">{content}</div>
        }
        .into_any()
    })
}

/// A plain form that the browser posts by itself; `public/pay.js` takes it over where a new card is given.
fn pay_form(
    what: PayWhat,
    button: String,
    mut cards: Vec<(String, String, String)>,
    saves: Option<bool>,
    fields: CardFields,
) -> AnyView {
    let PayWhat { invoice, amount, payment, token } = what;
    let hidden = [("invoice", invoice), ("amount", amount), ("payment", payment), ("token", token)]
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> }.into_any())
        .collect_any();
    let methods = if cards.is_empty() {
        view! { <input type="hidden" name="method" value="new" /> }.into_any()
    } else {
        let first = cards[0].0.clone();
        cards.push(("new".into(), "Another card".into(), String::new()));
        view! { <RadioCards name="method" label="Pay with" value=first options=cards /> }.into_any()
    };
    let save = match saves {
        None => Some(view! {
            <div class="pay-save">
                <Checkbox name="save_method" label="Save this card" help="It can then be paid with again, and automatically if you turn that on." />
            </div>
        }
        .into_any()),
        Some(true) => Some(view! { <p class="field-help">"The card is saved with this payment."</p> }.into_any()),
        Some(false) => None,
    };
    view! {
        <form method="post" action=PaySaved::PATH class="pay stack">
            {hidden}
            {methods}
            <div class="pay-new stack">
                {card_fields(fields, PayBegin::PATH, Some(PaymentReturn::PATH))}
                {save}
            </div>
            {card_errors()}
            <div class="actions">
                <Button label=button kind=Kind::Primary />
                <LinkButton href="/self-care/billing" label="Not now" />
            </div>
            <p class="field-help">"Your bank may ask you to confirm the payment. Then you are led to its page, and back here."</p>
        </form>
    }
    .into_any()
}
