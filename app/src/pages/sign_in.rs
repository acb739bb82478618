//! One sign-in page for all.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    context::{is_demo, use_flash},
    error::AppError,
    listing::Tone,
    post::Done,
    ui::{
        CollectAny as _,
        button::{Button, Kind},
        fields::{PasswordField, TextField},
        form::PostForm,
        layout::Notice,
    },
};

/// Signs somebody in and says where they start.
///
/// # Errors
/// One answer for all that is wrong; a wait after too many attempts.
#[server(endpoint = "sign_in")]
pub async fn sign_in(
    /// The sign-in name.
    name: String,
    /// The password.
    password: String,
    /// Where to go on to; a path of ours, else the person's first page.
    #[server(default)]
    next: String,
) -> Result<Done, AppError> {
    use crate::server::{
        ClientAddr, Services,
        ask::internal,
        auth::{AuthSession, SIGNED_IN_AT},
        sign_in,
    };

    let request = expect_context::<http::request::Parts>();
    let services = expect_context::<Services>();
    let address = request.extensions.get::<ClientAddr>().map(|address| address.0);
    let mut auth = request.extensions.get::<AuthSession>().cloned().ok_or(AppError::SignedOut)?;
    let mut errors = tandem_domain::error::FieldErrors::default();
    if name.trim().is_empty() {
        errors.add("name", "Enter your sign-in name.");
    }
    if password.is_empty() {
        errors.add("password", "Enter your password.");
    }
    errors.into_result()?;
    let signed_in = sign_in::check(&services, &name, &password, address).await?;
    let home = signed_in.me.home();
    // Whoever was signed in before, or planted the cookie, shares nothing with the new session. axum-login alone renews the
    // id only when nobody was signed in, and logging out first would let the old id come back.
    if auth.session.id().is_some() {
        auth.session.clear().await;
        auth.session.cycle_id().await.map_err(|error| internal(&error))?;
    }
    auth.login(&signed_in).await.map_err(|error| internal(&error))?;
    auth.session.insert(SIGNED_IN_AT, services.clock.now()).await.map_err(|error| internal(&error))?;
    Ok(Done::default().go(own_path(&next).unwrap_or(home)))
}

/// Ends the session.
///
/// # Errors
/// Only faults on our side.
#[server(endpoint = "sign_out")]
pub async fn sign_out() -> Result<Done, AppError> {
    use crate::server::{ClientAddr, Services, ask::internal, auth::AuthSession, sign_in};

    let request = expect_context::<http::request::Parts>();
    let services = expect_context::<Services>();
    let address = request.extensions.get::<ClientAddr>().map(|address| address.0);
    if let Some(mut auth) = request.extensions.get::<AuthSession>().cloned()
        && let Some(signed_in) = auth.logout().await.map_err(|error| internal(&error))?
    {
        sign_in::note_signed_out(&services, &signed_in.me, address).await;
    }
    Ok(Done::say("Signed out").go("/sign-in"))
}

/// The path to go on to, if it is one of ours: never another site's.
#[cfg(feature = "ssr")]
fn own_path(next: &str) -> Option<&str> {
    // Browsers read a backslash as a slash, and leave out tabs and line ends before they look for "//" (WHATWG URL §4.4).
    let misread = |c: char| c == '\\' || c.is_control();
    let sound = next.starts_with('/') && !next.starts_with("//") && !next.contains(misread) && next.len() <= 2000;
    sound.then_some(next)
}

/// The page.
#[component]
pub fn SignInPage() -> impl IntoView {
    let next = use_query_map().with_untracked(|query| query.get("next")).unwrap_or_default();
    let interrupted = use_flash().form.is_some_and(|form| form.error == AppError::SignedOut);
    view! {
        <Title text="Sign in" />
        <main class="sign-in">
            <div class="sign-in-card">
                <p class="brand">"Tandem"</p>
                <h1>"Sign in"</h1>
                {interrupted
                    .then(|| view! { <Notice tone=Tone::Info text="Your session has ended. Sign in to continue; what you typed is kept." /> }.into_any())}
                <PostForm to=SignIn::PATH reload=true>
                    <input type="hidden" name="next" value=next />
                    <TextField name="name" label="Sign-in name" value="" autocomplete="username" required=true />
                    <PasswordField name="password" label="Password" autocomplete="current-password" />
                    <Button label="Sign in" kind=Kind::Primary />
                </PostForm>
                {is_demo().then(demo_sign_ins)}
            </div>
        </main>
    }
}

/// The demonstration's sign-ins, so that nobody has to look them up.
fn demo_sign_ins() -> AnyView {
    let people = [
        ("admin", "the provider’s administrator"),
        ("abc", "customer ABC’s own administrator"),
        ("adam", "Adam, a manager in Support"),
        ("john", "John, an agent in Support"),
        ("mary", "Mary, who pays the invoices"),
        ("panda", "customer Panda"),
    ];
    view! {
        <aside class="demo-sign-ins">
            <h2>"Demonstration"</h2>
            <p>"Every password is " <code>"tandem-demo"</code>"."</p>
            <dl>
                {people
                    .into_iter()
                    .map(|(name, who)| view! { <div><dt><code>{name}</code></dt><dd>{who}</dd></div> }.into_any())
                    .collect_any()}
            </dl>
        </aside>
    }
    .into_any()
}
