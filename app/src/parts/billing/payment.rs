//! One payment: where it stands, how it got there, and what can be done now.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::ids::{InvoiceId, PaymentId};

use super::{PAYMENT, invoice_path, payments_path, resume_path};
use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{Listing, Tone},
    parts::address::of_address,
    post::{Done, Typed},
    ui::{
        Badge, Card, Checkbox, ConfirmButton, DataTable, DescriptionList, Kind, LinkButton, Notice, PageHeader,
        PostForm, TextField,
    },
};

/// A payment, in words for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentView {
    /// Which.
    pub id: PaymentId,
    /// "Payment of €120.00".
    pub title: String,
    /// Where it stands, with its colour.
    pub badge: (Tone, String),
    /// What that means, and what to do now; with its colour.
    pub now: (Tone, String),
    /// What for, with what, when.
    pub facts: Vec<(String, String)>,
    /// Its invoice, if this person sees it.
    pub invoice: Option<InvoiceId>,
    /// This person can go on with it.
    pub may_resume: bool,
    /// This person can call it off.
    pub may_cancel: bool,
    /// It was begun without its customer.
    pub is_automatic: bool,
    /// This person can close it without the word of its payment system, if that does not answer.
    pub may_give_up: bool,
    /// How it came to be where it is.
    pub history: Listing,
    /// What was given back.
    pub refunds: Listing,
    /// What this person can give back of it; `None`: nothing.
    pub refund: Option<Refundable>,
}

/// What can be given back of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refundable {
    /// At most: a number as the form takes it.
    pub most: String,
    /// The currency's code.
    pub currency: String,
    /// What names the one request of the form.
    pub token: String,
}

/// A payment.
///
/// # Errors
/// No such payment, or not for this person; no permission to see payments.
#[server(endpoint = "payment_read")]
pub async fn payment_read(
    /// Which.
    id: PaymentId,
) -> Result<PaymentView, AppError> {
    use tandem_domain::access::Field;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::Payments)?;
    let tenant = server::tenant_of(&ask, id).await?;
    server::view(&ask, tenant, id).await
}

/// Calls off a payment that is not paid.
///
/// # Errors
/// It is with the bank, or over; no such payment; no permission.
#[server(endpoint = "payment_cancel")]
pub async fn payment_cancel(
    /// Which.
    id: PaymentId,
) -> Result<Done, AppError> {
    use tandem_domain::{access::Field, billing::payment::PaymentState};

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Payments)?;
    let tenant = server::tenant_of(&ask, id).await?;
    let payment = ask.services().billing.cancel(&ask.change(), tenant, id).await;
    let payment = payment.map_err(|error| ask.tell_billing(PAYMENT, error))?;
    if payment.state == PaymentState::Cancelled {
        server::note_cancelled(&ask, &payment).await?;
        Ok(Done::say("Payment cancelled").go(super::payment_path(ask.me.audience(), id)))
    } else {
        Err(AppError::Refused(format!(
            "This payment cannot be cancelled: {}.",
            payment.state.label().to_ascii_lowercase()
        )))
    }
}

/// Closes a payment whose payment system cannot be asked about it any more.
///
/// # Errors
/// The payment system answers, or may answer later; no such payment; for others than the provider's staff.
#[server(endpoint = "payment_give_up")]
pub async fn payment_give_up(
    /// Which.
    id: PaymentId,
    /// Why; it stands in the payment's history, where the customer sees it.
    reason: String,
) -> Result<Done, AppError> {
    use tandem_domain::{
        access::Field,
        billing::{payment::PaymentState, refund},
        error::FieldErrors,
    };

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Refunds)?;
    let tenant = server::tenant_of(&ask, id).await?;
    let reason = refund::reason(&reason).map_err(|error| FieldErrors::one("reason", error.0))?;
    let payment = ask.services().billing.give_up(&ask.change(), tenant, id, &reason).await;
    let payment = payment.map_err(|error| ask.tell_billing(PAYMENT, error))?;
    // Its payment system answered after all. Else it was noted with the reason.
    if payment.state == PaymentState::Cancelled {
        server::note_cancelled(&ask, &payment).await?;
    }
    Ok(Done::say(format!("The payment is closed: {}", payment.state.label().to_ascii_lowercase())))
}

/// Gives back a part of a payment, or all of it.
///
/// # Errors
/// More than is left; no such payment; for others than the provider's staff.
#[server(endpoint = "payment_refund")]
pub async fn payment_refund(
    /// Which.
    id: PaymentId,
    /// What names the one request of the form.
    token: String,
    /// How much, as typed.
    amount: String,
    /// Why; the customer sees it.
    reason: String,
    /// On: the customer owes it again.
    #[server(default)]
    owed_again: Typed,
) -> Result<Done, AppError> {
    use tandem_domain::{access::Field, billing::refund, error::FieldErrors, money::Money};
    use tandem_store::payments::NewRefund;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::Refunds)?;
    let tenant = server::tenant_of(&ask, id).await?;
    let payment = ask.store().payments().get(id).await.map_err(|error| ask.tell(PAYMENT, error))?;
    let owed_again = owed_again.on_or_off("owed_again")?.unwrap_or(true);
    let mut errors = FieldErrors::default();
    let amount = errors.take("amount", Money::parse(&amount, payment.amount.currency));
    let reason = errors.take("reason", refund::reason(&reason));
    let (Some(amount), Some(reason)) = (amount, reason) else { return Err(errors.into()) };
    let wanted = NewRefund { token, amount: amount.minor, reason, owed_again };
    let refund = ask.services().billing.refund(&ask.change(), tenant, id, &wanted).await;
    let refund = refund.map_err(|error| ask.tell_billing(PAYMENT, error))?;
    let amount = ask.money(refund.amount);
    match refund.state {
        refund::RefundState::Pending => Ok(Done::say(format!("{amount} is on its way back"))),
        refund::RefundState::Succeeded => Ok(Done::say(format!("{amount} was given back"))),
        refund::RefundState::Failed => {
            Err(AppError::Refused(format!("{amount} could not be given back: {}", refund.error)))
        }
    }
}

#[cfg(feature = "ssr")]
pub(crate) mod server {
    use tandem_domain::{
        access::{Audience, Field, Tenant},
        audit::{FieldChange, Subject},
        billing::{
            payment::{Payment, PaymentState},
            refund::RefundState,
        },
        ids::PaymentId,
        money::Money,
    };

    use super::{PaymentView, Refundable};
    use crate::{
        error::AppError,
        listing::{Cell, Column, ListRow, Listing, Tone},
        parts::billing::{PAYMENT, words},
        server::{ask::Ask, billing::new_token},
    };

    /// Whose the payment is, if this person may work on it.
    pub(crate) async fn tenant_of(ask: &Ask, id: PaymentId) -> Result<Tenant, AppError> {
        let none = |_| AppError::NotFound(PAYMENT.into());
        match ask.me.own_customer() {
            Some(_) => ask.money_tenant(None).map_err(none),
            None => {
                let payment = ask.store().payments().get(id).await.map_err(|error| ask.tell(PAYMENT, error))?;
                ask.money_tenant(Some(payment.customer)).map_err(none)
            }
        }
    }

    /// Notes in the audit log that a payment was called off by this person.
    pub(super) async fn note_cancelled(ask: &Ask, payment: &Payment) -> Result<(), AppError> {
        let change = FieldChange { field: "state".into(), old: String::new(), new: payment.state.key().into() };
        let (key, name) = (payment.id.to_string(), payment.amount.to_string());
        let (audit, whose) = (ask.store().audit(), Some(payment.customer));
        let noted = audit.note(&ask.change(), whose, Subject::Payment, &key, &name, "cancelled", change).await;
        noted.map_err(|error| ask.tell(PAYMENT, error)).map(drop)
    }

    pub(super) async fn view(ask: &Ask, tenant: Tenant, id: PaymentId) -> Result<PaymentView, AppError> {
        let tell = |error| ask.tell(PAYMENT, error);
        let payments = ask.store().payments();
        let row = payments.one(tenant, id).await.map_err(tell)?;
        let transitions = payments.transitions(tenant, id).await.map_err(tell)?;
        let refunds = payments.refunds(tenant, id).await.map_err(tell)?;
        let staff = ask.me.audience() == Audience::Administrator;
        let fact = |what: &str, how: String| (what.to_owned(), how);
        let payment = &row.payment;
        let begun_by = if payment.off_session { "Automatic payment".to_owned() } else { row.payer_name.clone() };
        let mut facts = vec![fact("For", words::paid_for(&row)), fact("Paid with", row.card.clone())];
        facts.extend(words::names_customer(ask).then(|| fact("Customer", row.customer_name.clone())));
        facts.extend([
            fact("Begun", ask.time_with_seconds(payment.created)),
            fact("Begun by", begun_by),
            fact("Paid", payment.paid_at.map(|at| ask.time_with_seconds(at)).unwrap_or_default()),
        ]);
        if payment.refunded > 0 {
            facts.push(fact("Given back", ask.money(Money::new(payment.refunded, payment.amount.currency))));
        }
        facts.extend(staff.then(|| fact("At the processor", payment.reference.clone().unwrap_or_default())));
        facts.push(fact("Receipt", id.to_string()));

        let columns = ["When", "State", "By", "Why"].map(Column::plain).into();
        let history = transitions.into_iter().map(|step| {
            let (tone, word) = words::payment_badge(step.to);
            let by =
                if step.by == "system" { step.cause.label().to_owned() } else { ask.name_of(step.by, step.by_staff) };
            let why = step
                .failure
                .map(|failure| if staff { format!("{} ({})", failure.message, failure.code) } else { failure.message });
            let cells = vec![
                Cell::Figures(ask.time_with_seconds(step.at)),
                Cell::Badge(tone, word),
                Cell::Text(by),
                Cell::Text(why.unwrap_or_default()),
            ];
            ListRow { href: None, cells }
        });
        let history = Listing::whole(columns, history.collect());

        let pending: i64 = refunds
            .iter()
            .filter(|refund| refund.state == RefundState::Pending)
            .map(|refund| refund.amount.minor)
            .sum();
        let columns = ["When", "Amount", "State", "Why"].map(Column::plain).into();
        let refunds = refunds.into_iter().map(|refund| {
            let tone = match refund.state {
                RefundState::Pending => Tone::Info,
                RefundState::Succeeded => Tone::Good,
                RefundState::Failed => Tone::Bad,
            };
            let cells = vec![
                Cell::Figures(ask.time(refund.created)),
                Cell::Figures(ask.money(refund.amount)),
                Cell::Badge(tone, refund.state.label().into()),
                Cell::Two(refund.reason, if staff { refund.error } else { String::new() }),
            ];
            ListRow { href: None, cells }
        });
        let refunds = Listing::whole(columns, refunds.collect());

        let refundable = payment.refundable(pending);
        let refund = (refundable > 0 && ask.me.modifies(Field::Refunds)).then(|| Refundable {
            most: Money::new(refundable, payment.amount.currency).plain(),
            currency: payment.amount.currency.code().into(),
            token: new_token(),
        });
        let may = ask.me.modifies(Field::Payments) && payment.state.can_be_resumed();
        Ok(PaymentView {
            id,
            title: format!("Payment of {}", ask.money(payment.amount)),
            badge: words::payment_badge(payment.state),
            now: now(payment),
            facts,
            invoice: payment.invoice.filter(|_| ask.me.sees(Field::Invoices)),
            may_resume: may && !staff,
            may_cancel: may,
            is_automatic: payment.off_session,
            may_give_up: payment.state.is_open() && ask.me.modifies(Field::Refunds),
            history,
            refunds,
            refund,
        })
    }

    /// What the state of a payment means, and what to do now.
    pub(crate) fn now(payment: &Payment) -> (Tone, String) {
        let failure = payment.failure.as_ref();
        match payment.state {
            PaymentState::Created | PaymentState::RequiresPaymentMethod => match failure {
                // The bank's own words first, then what to do.
                Some(failure) => (Tone::Bad, told(&failure.message, failure.kind.advice())),
                None => (Tone::Warning, "This payment was not finished. Nothing was charged.".into()),
            },
            PaymentState::RequiresAction => {
                (Tone::Warning, "Your bank wants you to confirm this payment. Nothing is charged until you did.".into())
            }
            PaymentState::Processing => (
                Tone::Info,
                "Your bank is still at it. There is nothing for you to do, and no need to pay again.".into(),
            ),
            PaymentState::Succeeded => (Tone::Good, "This payment was made, and the balance has moved.".into()),
            PaymentState::Failed => {
                (Tone::Bad, failure.map_or_else(String::new, |failure| told(&failure.message, failure.kind.advice())))
            }
            PaymentState::Cancelled => (Tone::Neutral, "This payment was called off. Nothing was charged.".into()),
            PaymentState::PartlyRefunded => {
                (Tone::Neutral, "This payment was made, and a part of it given back.".into())
            }
            PaymentState::Refunded => (Tone::Neutral, "This payment was made, and all of it given back.".into()),
        }
    }

    fn told(message: &str, advice: &str) -> String {
        let message = message.trim();
        if message.is_empty() { advice.to_owned() } else { format!("{message} {advice}") }
    }
}

/// The page of the payment in the address.
#[component]
pub fn PaymentPage() -> impl IntoView {
    let data = load(of_address(PAYMENT, |id| PaymentRead { id }));
    loaded(data, |view| {
        let PaymentView {
            id,
            title,
            badge: (tone, word),
            now,
            facts,
            invoice,
            may_resume,
            may_cancel,
            is_automatic,
            may_give_up,
            history,
            refunds,
            refund,
        } = view;
        let audience = me().audience();
        let resume = may_resume.then(|| {
            view! { <LinkButton href=resume_path(id) label="Go on paying" kind=Kind::Primary anew=true /> }.into_any()
        });
        let invoice =
            invoice.map(|id| view! { <LinkButton href=invoice_path(audience, id) label="The invoice" /> }.into_any());
        let refunds = (!refunds.rows.is_empty()).then(|| {
            view! { <Card title="Refunds" flush=true><DataTable listing=refunds label="Refunds" /></Card> }.into_any()
        });
        view! {
            <PageHeader
                title=title
                back=(payments_path(audience), "Payments")
                badge=move || view! { <Badge tone=tone text=word.clone() /> }
            />
            <div class="stack max-w-208">
                <Notice tone=now.0 text=now.1 />
                <div class="actions">{resume} {invoice} {may_cancel.then(|| cancel_button(id, is_automatic))}</div>
                <Card title="Details"><DescriptionList items=facts /></Card>
                {refunds}
                {refund.map(|refund| refund_card(id, refund))}
                {may_give_up.then(|| give_up_card(id))}
                <Card title="How it went" flush=true><DataTable listing=history label="How it went" /></Card>
            </div>
        }
        .into_any()
    })
}

/// Calls the payment off.
pub(crate) fn cancel_button(id: PaymentId, is_automatic: bool) -> AnyView {
    let text = if is_automatic {
        "Nothing is charged, and it is not tried again automatically. What it was for can be paid anew at any time."
    } else {
        "Nothing is charged. What it was for can be paid anew at any time."
    };
    view! {
        <PostForm to=PaymentCancel::PATH fields=vec![("id", id.to_string())]>
            <ConfirmButton
                label="Cancel payment"
                title="Cancel this payment?"
                text=text
                confirm="Cancel the payment"
            />
        </PostForm>
    }
    .into_any()
}

/// Closes the payment without the word of its payment system.
fn give_up_card(id: PaymentId) -> AnyView {
    view! {
        <Card
            title="Close without an answer"
            description="Only for a payment whose payment system does not take its key any more, is switched off, or tells something else of the payment than is known here. It is asked once more first, and what it says counts."
        >
            <PostForm to=PaymentGiveUp::PATH fields=vec![("id", id.to_string())] id="give-up" class="stack">
                <TextField name="reason" label="Reason" required=true width="medium" help="It stands in the history; the customer sees it." />
                <ConfirmButton
                    label="Close the payment"
                    title="Close it without an answer?"
                    text="Money may still move at the payment system: the customer, or the bank, may finish this payment there. If it is paid again here, it may be paid twice. Look at the payment system's own pages first. Nothing is charged for it automatically any more. Should it ever tell of the money, that becomes the customer's credit."
                    confirm="Close it"
                    danger=true
                />
            </PostForm>
        </Card>
    }
    .into_any()
}

fn refund_card(id: PaymentId, refund: Refundable) -> AnyView {
    let Refundable { most, currency, token } = refund;
    let fields = vec![("id", id.to_string()), ("token", token)];
    let help = format!("In {currency}, at most {most}.");
    view! {
        <Card title="Refund" description="The money goes back to the card that was paid with.">
            <PostForm to=PaymentRefund::PATH fields=fields id="refund" class="stack">
                <TextField name="amount" label="Amount" value=most required=true width="short" help=help />
                <TextField name="reason" label="Reason" required=true width="medium" help="The customer sees it." />
                <Checkbox name="owed_again" label="The customer owes it again" help="Else as much is credited as an adjustment." />
                <ConfirmButton
                    label="Refund"
                    title="Give this money back?"
                    text="It cannot be taken again without the customer."
                    confirm="Give back"
                    danger=true
                />
            </PostForm>
        </Card>
    }
    .into_any()
}
