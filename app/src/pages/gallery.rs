//! The design system's page: every component in every state. In demonstration mode only.
//!
//! What is posted here goes nowhere; the forms stand for their looks, and answer that there is no such page.

use std::collections::BTreeMap;

use leptos::prelude::*;
use tandem_domain::{field::Rule, ids::Version, supervision::Mode};

use crate::{
    context::is_demo,
    data::{load, loaded},
    error::AppError,
    listing::{ListArgs, Listing, Tone},
    pages::errors::error_page,
    ui::{
        Badge, Button, Card, Checkbox, CollectAny as _, ConfirmButton, DataTable, DescriptionList, Dialog, EditForm,
        EmptyState, FieldSet, Filter, InstantSelect, InstantSwitch, Kind, LinkButton, ListPage, ModeBadge, NewForm,
        Notice, PageHeader, PasswordField, Player, PostForm, RadioCards, SelectField, Sign, Skeleton, Sound, Stat,
        Switch, Tabs, TextArea, TextField, TreeBranch, TreeRow, icon, list_args,
        player::{Side, SoundMark},
        use_desk, use_form,
    },
};

/// Where the gallery's forms post to: nowhere.
const NOWHERE: &str = "/api/gallery";

/// Every component in every state.
#[component]
pub fn GalleryPage() -> impl IntoView {
    if !is_demo() {
        return error_page(&AppError::NotFound("page".into()));
    }
    view! {
        <div class="stack">
            <PageHeader
                title="Design system"
                subtitle="Every component in every state. Pages compose these; they do not style."
                back=("/admin", "Dashboard")
                badge=|| view! { <Badge tone=Tone::Info text="Demonstration" /> }
                actions=|| view! { <LinkButton href="/admin/customers" label="Customers" /> <Button label="New customer" kind=Kind::Primary sign=Sign::Plus /> }
            />
            <Tabs items=vec![("/admin/gallery".into(), "Everything".into()), ("/admin/customers".into(), "Elsewhere".into()), ("/admin/accounts".into(), "Accounts".into())] />
            {numbers()}
            {signs()}
            <div class="columns">{buttons()} {messages()}</div>
            {edit_form(Version(3))}
            {refused_form()}
            <div class="columns">{settings()} {new_form()}</div>
            {tree()}
            <GalleryList />
            {tables()}
            {player()}
        </div>
    }
    .into_any()
}

/// A sound that is nowhere: for its looks.
fn player() -> AnyView {
    let side = |name: &str, drawing: &str| Side { name: name.into(), drawing: drawing.into() };
    let mark = |at_ms, label: &str, text: &str, gap| SoundMark { at_ms, label: label.into(), text: text.into(), gap };
    let sound = Sound {
        at: "/gallery".into(),
        length_ms: 135_000,
        sides: [
            side("John (744)", "M0 23L60 8L120 20L180 4L240 22L600 23L600 25L240 26L180 44L120 28L60 40L0 25z"),
            side(
                "+32 475 55 12 34",
                "M0 23L240 22L300 3L360 18L420 6L540 21L600 23L600 25L540 27L420 42L360 30L300 45L240 26L0 25z",
            ),
        ],
        marks: vec![
            mark(0, "Recording started", "", false),
            mark(42_000, "Paused for 0:12", "", true),
            mark(90_500, "Manager joined", "Adam (701)", false),
        ],
    };
    view! { <Card title="Player" flush=true><Player sound=sound /></Card> }.into_any()
}

fn numbers() -> AnyView {
    view! {
        <div class="stats">
            <Stat label="Customers" value="1,024" note="12 new this month" href="/admin/customers" />
            <Stat label="Accounts" value="98,311" />
            <Stat label="Customers without service" value="3" note="suspended or blocked" href="/admin/customers?status=blocked" />
            <Stat label="Changes today" value="41" />
        </div>
    }
    .into_any()
}

fn signs() -> AnyView {
    let all = Sign::ALL.iter().map(|sign| icon(*sign)).collect_any();
    view! {
        <Card title="Signs" description="A colour is never the only sign: the word is always there.">
            <div class="row">
                <Badge tone=Tone::Good text="Open" />
                <Badge tone=Tone::Neutral text="Closed" />
                <Badge tone=Tone::Warning text="Suspended" />
                <Badge tone=Tone::Bad text="Blocked" />
                <Badge tone=Tone::Info text="Built in" />
                {Mode::ALL.map(|mode| view! { <ModeBadge mode=mode /> }.into_any()).collect_any()}
            </div>
            <div class="row">{all}</div>
        </Card>
    }
    .into_any()
}

fn buttons() -> AnyView {
    let desk = use_desk();
    let open = RwSignal::new(false);
    view! {
        <Card title="Buttons and questions">
            <div class="row">
                <Button label="Primary" kind=Kind::Primary />
                <Button label="Secondary" />
                <Button label="Danger" kind=Kind::Danger />
                <Button label="Ghost" kind=Kind::Ghost />
                <Button label="Disabled" disabled=true />
                <Button label="Disabled" kind=Kind::Primary disabled=true />
                <LinkButton href="/admin/customers" label="A link" sign=Sign::Right />
            </div>
            <div class="row">
                <Button label="Say something" on_click=move |()| desk.say(Tone::Good, "Customer saved", None) />
                <Button label="Say that it failed" on_click=move |()| desk.say(Tone::Bad, AppError::Unreachable.to_string(), None) />
                <Button label="Open a dialog" on_click=move |()| open.set(true) />
                <PostForm to="/api/gallery_delete">
                    <ConfirmButton
                        label="Delete class"
                        title="Delete the class Business?"
                        text="No customer has it. It cannot be brought back."
                        confirm="Delete"
                        danger=true
                    />
                </PostForm>
            </div>
            <Dialog open=open title="A dialog">
                <p>"It holds the focus until it is closed, by Escape too."</p>
                <div class="actions"><Button label="Close" kind=Kind::Primary on_click=move |()| open.set(false) /></div>
            </Dialog>
        </Card>
    }
    .into_any()
}

fn messages() -> AnyView {
    view! {
        <div class="stack">
            <Notice tone=Tone::Info text="Supervision is silent unless a notice is chosen." />
            <Notice tone=Tone::Good text="All codes are different from each other." />
            <Notice tone=Tone::Warning text="This account has no e-mail address, so recordings cannot be sent.">
                <LinkButton href="/admin/accounts" label="Add one" />
            </Notice>
            <Notice tone=Tone::Bad text="The role Support is used by 12 accounts and cannot be deleted." />
        </div>
    }
    .into_any()
}

fn countries() -> Vec<(String, String)> {
    [("en-GB", "United Kingdom (24 Nov 2026, 16:05)"), ("de-DE", "Germany (24.11.2026, 16:05)")]
        .map(|(v, l)| (v.into(), l.into()))
        .to_vec()
}

fn edit_form(version: Version) -> AnyView {
    let strategies = [
        ("order", "In order", "One after the other, from the top."),
        ("simultaneous", "Simultaneous", "All ring at once; the first to answer has the call."),
        ("random", "Random", "One after the other, shuffled for each call."),
        ("least_used", "Least used", "Whoever answered least today comes first."),
    ];
    let strategies = strategies.map(|(value, label, help)| (value.into(), label.into(), help.into())).to_vec();
    view! {
        <EditForm to=NOWHERE version=version>
            <Card title="Huntgroup" description="An edit form: the bar below is enabled when something differs.">
                <FieldSet legend="General" layout="row">
                    <TextField name="name" label="Name" value="Support" rule=Rule::Name required=true />
                    <TextField name="number" label="Number" value="7700" rule=Rule::Extension width="short" kind="number" />
                    <TextField name="email" label="E-mail" kind="email" placeholder="name@example.com" rule=Rule::OptionalEmail help="Missed calls are told here." />
                    <SelectField name="locale" label="Language" value="de-DE" options=countries() />
                    <TextField name="prefix" label="SIP prefix" value="abc" disabled=true help="Phones register as prefix and extension." />
                </FieldSet>
                <RadioCards name="strategy" label="Ring strategy" value="simultaneous" options=strategies />
                <TextArea name="note" label="Note" value="Rings the whole team.\nAsk Adam before changing it." help="Only the provider’s staff see it." />
                <Switch name="overflow" label="Go on to voicemail" value=true help="When nobody answers within the ring time." />
                <Checkbox name="notify" label="Tell the customer’s administrator by e-mail" value=true />
            </Card>
        </EditForm>
    }
    .into_any()
}

/// A form as it looks after a refused post.
fn refused_form() -> AnyView {
    view! {
        <PostForm to="/api/gallery_refused" id="refused" class="form">
            <Card title="Refused" description="Each error stands beside its field, and says what to do.">{refused_fields()}</Card>
        </PostForm>
    }
    .into_any()
}

fn refused_fields() -> AnyView {
    let form = use_form();
    form.tell("extension", Some("Use 2 to 8 digits, such as 744.".into()));
    form.tell("secret", Some("Use at least 12 characters; this has 5.".into()));
    view! {
        <FieldSet legend="Sign-in" layout="row">
            <TextField name="extension" label="Extension" value="7x4" rule=Rule::Extension />
            <PasswordField name="secret" label="Password" autocomplete="new-password" />
        </FieldSet>
        <div class="actions"><Button label="Add account" kind=Kind::Primary /></div>
    }
    .into_any()
}

fn settings() -> AnyView {
    let notices = [("silent", "Silent"), ("tone", "Tone to the agent"), ("spoken", "Spoken notice to both parties")];
    view! {
        <Card title="Voice calls" description="Settings that save at once, and can be undone.">
            <InstantSwitch to=NOWHERE name="supervision" on=true label="Call supervision" help="Managers may spy, whisper and barge in, in huntgroups where that is allowed." />
            <InstantSwitch to=NOWHERE name="manual" on=false label="Allow to start/stop recording manually" source="from the customer" />
            <InstantSwitch to=NOWHERE name="announcement" on=true label="Play the call recording announcement to all" source="set here" reset=vec![("announcement", "inherit".into())] />
            <InstantSwitch to=NOWHERE name="email" on=true disabled=true label="Send the call recording via email" help="The account has no e-mail address." />
            <InstantSelect
                to=NOWHERE
                name="notice"
                value="tone"
                options=notices.map(|(value, label)| (value.into(), label.into())).to_vec()
                label="Notice while spying"
            />
        </Card>
    }
    .into_any()
}

fn new_form() -> AnyView {
    view! {
        <NewForm to="/api/gallery_new" button="Add administrator" cancel_href="/admin/administrators">
            <Card title="New administrator">
                <TextField name="name" label="Name" rule=Rule::Name required=true />
                <TextField name="sign_in" label="Sign-in name" rule=Rule::SignInName required=true />
                <PasswordField name="password" label="Password" autocomplete="new-password" rule=Rule::Password required=true />
            </Card>
        </NewForm>
    }
    .into_any()
}

fn tree() -> AnyView {
    let row = |label: &'static str, tone: Tone, level: &'static str, from: &'static str| {
        let id = format!("tree-{}", label.to_ascii_lowercase().replace(' ', "-"));
        view! {
            <TreeRow label=label for_id=id.clone() state=move || view! { <Badge tone=tone text=level /> " " <small>{from}</small> }>
                <select class="input" id=id>
                    <option>"Inherit"</option>
                    <option>"Modify"</option>
                    <option>"View only"</option>
                </select>
            </TreeRow>
        }
        .into_any()
    };
    view! {
        <Card title="A tree of permissions">
            <TreeBranch label="Account" open=true state=|| view! { <Badge tone=Tone::Info text="View only" /> " " <small>"1 exception"</small> }>
                {row("All of Account", Tone::Info, "View only", "from the base level")}
                <TreeBranch label="Call recording" open=true state=|| view! { <Badge tone=Tone::Info text="View only" /> }>
                    {row("Auto record", Tone::Info, "View only", "from Account")}
                    {row("Show the call recording to account only", Tone::Good, "Modify", "set here")}
                </TreeBranch>
            </TreeBranch>
        </Card>
    }
    .into_any()
}

/// The rows of the gallery's list: always the same three; searching for anything finds nothing.
///
/// # Errors
/// Outside of demonstration mode there is no such page.
#[server(endpoint = "gallery_rows")]
pub async fn gallery_rows(
    /// What the address asks for.
    args: ListArgs,
) -> Result<Listing, AppError> {
    let ask = crate::server::ask::Ask::now()?;
    if !ask.services().demo || ask.me.own_customer().is_some() {
        return Err(AppError::NotFound("page".into()));
    }
    let mut listing = customers();
    if !args.q.is_empty() {
        listing.rows.clear();
    }
    Ok(listing)
}

#[cfg(feature = "ssr")]
fn customers() -> Listing {
    use tandem_domain::list::Cursor;

    use crate::listing::{Cell, Column, ListRow};

    let row = |name: &str, email: &str, prefix: &str, tone, status: &str, extensions: &str, since: &str| ListRow {
        href: Some("/admin/customers".into()),
        cells: vec![
            Cell::Two(name.into(), email.into()),
            Cell::Figures(prefix.into()),
            Cell::Badge(tone, status.into()),
            Cell::Figures(extensions.into()),
            Cell::Text(since.into()),
        ],
    };
    Listing {
        columns: vec![
            Column::sorted("Name", "name"),
            Column::sorted("SIP prefix", "prefix"),
            Column::plain("Status"),
            Column::plain("Accounts"),
            Column::sorted("Since", "since"),
        ],
        rows: vec![
            row("ABC", "office@abc.example", "abc", Tone::Good, "Open", "5", "24 Nov 2026"),
            row("Łódź Logistics and Forwarding of Goods, Limited", "", "lodz", Tone::Warning, "Suspended", "1,204", ""),
            row("Panda", "hello@panda.example", "panda", Tone::Bad, "Blocked", "3", "1 Jan 2026"),
        ],
        count: 1001,
        next: Some(Cursor { before: false, key: "Panda".into(), id: "3".into() }),
        previous: None,
        hint: String::new(),
    }
}

/// A list.
#[component]
fn GalleryList() -> impl IntoView {
    let args = list_args();
    let listing = load(move || Ok(GalleryRows { args: args.get() }));
    let statuses =
        [("open", "Open"), ("suspended", "Suspended")].map(|(value, label)| (value.into(), label.into())).to_vec();
    view! {
        <ListPage
            listing=listing
            args=args
            noun=("customer", "customers")
            filters=vec![Filter { name: "status", label: "Status", options: statuses }]
            new=("/admin/customers/new".into(), "New customer".into())
            export_href="/admin/audit.csv"
            search_in="name, e-mail or SIP prefix"
        />
    }
}

fn tables() -> AnyView {
    let rows = load(|| Ok(GalleryRows { args: ListArgs::default() }));
    let facts = BTreeMap::from([("Created", "24 Nov 2026, 16:05"), ("SIP user", "abc744"), ("Expires", "")]);
    view! {
        <div class="columns">
            <Card title="Facts">
                <DescriptionList items=facts.into_iter().map(|(what, how)| (what.to_owned(), how.to_owned())).collect() />
            </Card>
            <Card title="Loading"><Skeleton /></Card>
            <Card title="Nothing yet">
                <EmptyState title="No huntgroups yet" text="A huntgroup rings several people under one number. Make one for Support or Sales first." sign=Sign::People>
                    <LinkButton href="/admin/customers" label="New huntgroup" kind=Kind::Primary sign=Sign::Plus />
                </EmptyState>
            </Card>
        </div>
        <Card title="A table in a card" flush=true>{loaded(rows, |rows| view! { <DataTable listing=rows label="Customers" /> }.into_any())}</Card>
    }
    .into_any()
}
