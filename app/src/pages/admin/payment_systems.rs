//! Financial > E-payments: the provider's accounts at payment processors. Credentials go in and never come out.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};
use tandem_domain::{
    access::Field,
    billing::system::{PaymentSystem, PaymentSystemRow, Processor},
    field::Rule,
    ids::{PaymentSystemId, Version},
    locale::Currency,
};

use crate::{
    context::me,
    data::{load, loaded},
    error::AppError,
    listing::{ListArgs, Listing, Tone},
    pages::errors::error_page,
    parts::{address::of_address, usage::delete_card},
    post::{Done, Typed},
    ui::{
        Badge, Button, Card, Checkbox, CollectAny as _, DescriptionList, EditForm, FieldSet, ListPage, NewForm,
        PageHeader, PasswordField, PostForm, SelectField, Switch, TextField, list_args,
    },
};

/// What a payment system is called in an answer.
const WHAT: &str = "payment system";
/// Where the list is.
const LIST: &str = "/admin/payment-systems";

/// A payment system as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentSystemView {
    /// The system, and whether its secrets are set.
    pub row: PaymentSystemRow,
    /// The version that an edit starts from.
    pub version: Version,
    /// Where the processor sends webhooks.
    pub webhook: String,
}

/// What the form of a payment system sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedSystem {
    name: String,
    processor: String,
    test_mode: Typed,
    eur: Typed,
    usd: Typed,
    gbp: Typed,
    chf: Typed,
    pln: Typed,
    jpy: Typed,
    active: Typed,
    public_key: String,
    secret_key: String,
    webhook_secret: String,
}

/// All payment systems.
///
/// # Errors
/// Without the permission to see payment systems.
#[server(endpoint = "payment_system_list")]
pub async fn payment_system_list(
    /// What the address asks for; there are too few to page or to search.
    #[server(default)]
    args: ListArgs,
) -> Result<Listing, AppError> {
    use crate::{
        listing::{Cell, Column, ListRow},
        server::ask::Ask,
    };

    drop(args);
    let ask = Ask::now()?;
    ask.see(Field::PaymentSystems)?;
    let rows = ask.store().payment_systems().list().await.map_err(|error| ask.tell(WHAT, error))?;
    let columns = ["Name", "Currencies", "State", "Credentials"].map(Column::plain).into();
    let row = |row: PaymentSystemRow| {
        let PaymentSystemRow { id, system, credentials_set, webhook_secret_set } = row;
        let codes: Vec<&str> = system.currencies.iter().map(|currency| currency.code()).collect();
        let state = if system.active { (Tone::Good, "Active") } else { (Tone::Neutral, "Off") };
        let test = system.test_mode.then(|| (Tone::Info, None, "Test mode".to_owned()));
        let badges = [(state.0, None, state.1.to_owned())].into_iter().chain(test).collect();
        let set = match (credentials_set, webhook_secret_set) {
            (true, true) => Cell::Badge(Tone::Good, "Set".into()),
            (true, false) => Cell::Badge(Tone::Warning, "No webhook secret".into()),
            (false, _) => Cell::Badge(Tone::Bad, "Missing".into()),
        };
        let name = Cell::Two(system.name, system.processor.label().into());
        ListRow {
            href: Some(format!("{LIST}/{id}")),
            cells: vec![name, Cell::Text(codes.join(", ")), Cell::Badges(badges), set],
        }
    };
    Ok(Listing::whole(columns, rows.into_iter().map(row).collect()))
}

/// A payment system, without its secrets.
///
/// # Errors
/// No such payment system; no permission.
#[server(endpoint = "payment_system_read")]
pub async fn payment_system_read(
    /// Which.
    id: PaymentSystemId,
) -> Result<PaymentSystemView, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.see(Field::PaymentSystems)?;
    let tell = |error| ask.tell(WHAT, error);
    let version = ask.store().payment_systems().get(id).await.map_err(tell)?.version;
    let rows = ask.store().payment_systems().list().await.map_err(tell)?;
    let row = rows.into_iter().find(|row| row.id == id).ok_or_else(|| AppError::NotFound(WHAT.into()))?;
    let webhook = format!("{}/webhooks/{id}", ask.services().payment_pages.public_url.trim_end_matches('/'));
    Ok(PaymentSystemView { row, version, webhook })
}

/// Adds a payment system.
///
/// # Errors
/// What is wrong with the fields; no permission.
#[server(endpoint = "payment_system_create")]
pub async fn payment_system_create(
    /// What was typed.
    #[server(flatten)]
    typed: TypedSystem,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::PaymentSystems)?;
    let tell = |error| ask.tell_billing(WHAT, error);
    let system = typed.parse()?;
    let credentials = ask.services().systems.check(None, &system, &typed.credentials()).await.map_err(tell)?;
    let id =
        ask.store().payment_systems().create(&ask.change(), &system).await.map_err(|error| ask.tell(WHAT, error))?;
    ask.services().systems.keep(&ask.change(), id, &credentials).await.map_err(tell)?;
    Ok(Done::say("Payment system added").go(format!("{LIST}/{id}")))
}

/// Saves a payment system. Secrets that are left empty stay as they are.
///
/// # Errors
/// What is wrong with the fields; somebody else saved meanwhile; no permission.
#[server(endpoint = "payment_system_save")]
pub async fn payment_system_save(
    /// Which.
    id: PaymentSystemId,
    /// The version that the edit starts from.
    version: Version,
    /// What was typed.
    #[server(flatten)]
    typed: TypedSystem,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::PaymentSystems)?;
    let tell = |error| ask.tell_billing(WHAT, error);
    let stored = ask.store().payment_systems().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let system = typed.parse()?;
    let credentials = ask.services().systems.check(Some(id), &system, &typed.credentials()).await.map_err(tell)?;
    let saved = ask.store().payment_systems().update(&ask.change(), id, stored.basis(version), &system).await;
    saved.map_err(|error| ask.tell(WHAT, error))?;
    ask.services().systems.keep(&ask.change(), id, &credentials).await.map_err(tell)?;
    Ok(Done::say("Payment system saved"))
}

/// Asks the processor whether it takes the credentials.
///
/// # Errors
/// It does not, or does not answer: its words; no such payment system; no permission.
#[server(endpoint = "payment_system_test")]
pub async fn payment_system_test(
    /// Which.
    id: PaymentSystemId,
) -> Result<Done, AppError> {
    use tandem_billing::error::BillingError;

    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::PaymentSystems)?;
    match ask.services().systems.test(&ask.change(), id).await {
        Ok(connection) => {
            let mode = if connection.live { "real money moves there" } else { "test mode" };
            Ok(Done::say(format!("The processor takes the credentials ({mode})")))
        }
        Err(BillingError::Store(error)) => Err(ask.tell(WHAT, error)),
        // The provider's staff are told what is wrong, in the processor's own words.
        Err(error) => Err(AppError::Refused(format!("The connection does not work: {error}."))),
    }
}

/// Deletes a payment system that was never used.
///
/// # Errors
/// It has payments or cards; no such payment system; no permission.
#[server(endpoint = "payment_system_delete")]
pub async fn payment_system_delete(
    /// Which.
    id: PaymentSystemId,
    /// The version that the person saw.
    version: Version,
) -> Result<Done, AppError> {
    use crate::server::ask::Ask;

    let ask = Ask::now()?;
    ask.modify(Field::PaymentSystems)?;
    let stored = ask.store().payment_systems().get(id).await.map_err(|error| ask.tell(WHAT, error))?;
    let version = Some(stored.basis(version));
    ask.store().payment_systems().delete(&ask.change(), id, version).await.map_err(|error| ask.tell(WHAT, error))?;
    Ok(Done::say("Payment system deleted").go(LIST))
}

#[cfg(feature = "ssr")]
mod server {
    use tandem_billing::{credentials::TypedCredentials, secret::Secret};
    use tandem_domain::{
        billing::system::{PaymentSystem, Processor},
        error::FieldErrors,
        locale::Currency,
    };

    use super::TypedSystem;

    impl TypedSystem {
        /// The system that was typed.
        ///
        /// # Errors
        /// What is wrong, per field.
        pub(super) fn parse(&self) -> Result<PaymentSystem, FieldErrors> {
            let test_mode = self.test_mode.on_or_off("test_mode")?.unwrap_or(true);
            let active = self.active.on_or_off("active")?.unwrap_or(false);
            let mut codes = Vec::new();
            for currency in Currency::ALL {
                let typed = match currency {
                    Currency::Eur => &self.eur,
                    Currency::Usd => &self.usd,
                    Currency::Gbp => &self.gbp,
                    Currency::Chf => &self.chf,
                    Currency::Pln => &self.pln,
                    Currency::Jpy => &self.jpy,
                };
                if typed.on_or_off("currencies")?.unwrap_or(false) {
                    codes.push(currency.code());
                }
            }
            let system = PaymentSystem::parse(&self.name, &self.processor, test_mode, codes, active, &self.public_key)?;
            match system.processor {
                Processor::Stripe => Ok(system),
                Processor::PlugNPay => Err(FieldErrors::one(
                    "processor",
                    "Payments through Plug’n Pay cannot be taken yet; choose Stripe.",
                )),
            }
        }

        /// The secrets that were typed.
        pub(super) fn credentials(&self) -> TypedCredentials {
            TypedCredentials {
                secret_key: Secret::new(self.secret_key.trim()),
                webhook_secret: Secret::new(self.webhook_secret.trim()),
            }
        }
    }
}

/// The list.
#[component]
pub fn PaymentSystemsPage() -> impl IntoView {
    let args = list_args();
    let new = me().modifies(Field::PaymentSystems).then(|| (format!("{LIST}/new"), "Add payment system".to_owned()));
    view! {
        <ListPage
            title="E-payments"
            description="Accounts at payment processors. One active system takes card payments in each currency."
            listing=load(move || Ok(PaymentSystemList { args: args.get() }))
            args=args
            noun=("payment system", "payment systems")
            no_search=true
            new=new
            empty=("No payment systems yet", "Add your account at Stripe, and customers can pay by card.")
            seen_by=&[Field::PaymentSystems]
        />
    }
}

/// A new one.
#[component]
pub fn NewPaymentSystemPage() -> impl IntoView {
    if !me().modifies(Field::PaymentSystems) {
        return error_page(&AppError::forbidden(Field::PaymentSystems));
    }
    let system = PaymentSystem {
        name: String::new(),
        processor: Processor::Stripe,
        test_mode: true,
        currencies: vec![Currency::default()],
        active: false,
        public_key: String::new(),
    };
    view! {
        <PageHeader title="Add payment system" back=(LIST, "E-payments") />
        <div class="stack max-w-208">
            <NewForm to=PaymentSystemCreate::PATH button="Add payment system" cancel_href=LIST>
                {inputs(system, false, false)}
            </NewForm>
        </div>
    }
    .into_any()
}

/// One payment system.
#[component]
pub fn PaymentSystemPage() -> impl IntoView {
    let data = load(of_address(WHAT, |id| PaymentSystemRead { id }));
    loaded(data, |PaymentSystemView { row, version, webhook }| {
        let may = me().modifies(Field::PaymentSystems);
        let PaymentSystemRow { id, system, credentials_set, webhook_secret_set } = row;
        let (name, id, active) = (system.name.clone(), id.to_string(), system.active);
        let badge = move || {
            let (tone, text) = if active { (Tone::Good, "Active") } else { (Tone::Neutral, "Off") };
            view! { <Badge tone=tone text=text /> }
        };
        let fields = vec![("id", id.clone())];
        let webhook = vec![
            ("Address".to_owned(), webhook),
            (
                "Events".to_owned(),
                "payment_intent.*, setup_intent.*, charge.refunded, refund.*, payment_method.detached".to_owned(),
            ),
        ];
        let test = may.then(|| {
            let fields = fields.clone();
            view! {
                <Card title="Connection" description="Asks the processor something that needs the secret key and changes nothing.">
                    <PostForm to=PaymentSystemTest::PATH fields=fields><Button label="Test the connection" /></PostForm>
                </Card>
            }.into_any()
        });
        view! {
            <PageHeader title=name.clone() subtitle=system.processor.label() back=(LIST, "E-payments") badge=badge />
            <div class="stack max-w-208">
                <EditForm to=PaymentSystemSave::PATH version=version fields=fields editable=may>
                    {inputs(system, credentials_set, webhook_secret_set)}
                </EditForm>
                {test}
                <Card title="Webhooks" description="Enter this address at the processor, and its signing secret above. Without webhooks, payments are asked about on return and every minute.">
                    <DescriptionList items=webhook />
                </Card>
                {may.then(|| delete_card(PaymentSystemDelete::PATH, id, version, WHAT, &name, false))}
            </div>
        }
        .into_any()
    })
}

/// The inputs, for the form that is around them.
fn inputs(system: PaymentSystem, credentials_set: bool, webhook_secret_set: bool) -> AnyView {
    const OF: Field = Field::PaymentSystems;
    let PaymentSystem { name, processor, test_mode, currencies, active, public_key } = system;
    let processors = Processor::ALL.iter().map(|one| (one.key().to_owned(), one.label().to_owned())).collect();
    let ticks = Currency::ALL
        .map(|currency| {
            let (name, code) = (currency.code().to_ascii_lowercase(), currency.code());
            view! { <Checkbox name=name label=code value=currencies.contains(&currency) field=OF /> }.into_any()
        })
        .collect_any();
    let kept = |is_set: bool, help: &str| {
        if is_set { ["Set. Leave it empty to keep it. ", help].concat() } else { ["Not set. ", help].concat() }
    };
    view! {
        <Card title="General">
            <TextField name="name" label="Name" value=name rule=Rule::Name field=OF required=true width="medium" />
            <SelectField name="processor" label="Processor" value=processor.key() options=processors field=OF width="medium" />
            <Switch name="test_mode" label="Test mode" value=test_mode help="Only test cards are taken, and no money moves." field=OF />
            <Switch name="active" label="Active" value=active help="Turned off, only what was begun goes on." field=OF />
            <FieldSet legend="Currencies" layout="row">{ticks}</FieldSet>
        </Card>
        <Card title="Credentials" description="Kept encrypted, and never shown again.">
            <TextField name="public_key" label="Publishable key" value=public_key field=OF width="medium" help="Begins with pk_. Browsers get it." />
            <PasswordField name="secret_key" label="Secret key" autocomplete="off" field=OF width="medium"
                help=kept(credentials_set, "Begins with sk_ or rk_.") />
            <PasswordField name="webhook_secret" label="Signing secret of the webhook" autocomplete="off" field=OF width="medium"
                help=kept(webhook_secret_set, "Begins with whsec_. The one before stays in use beside a new one.") />
        </Card>
    }
    .into_any()
}
