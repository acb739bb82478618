//! The session ended in the middle of a form: sign in here, and the form is posted again.

use leptos::{ev, html, prelude::*, server_fn::ServerFn, task::spawn_local};

use super::{button::Kind, desk::Desk, dialog::Dialog, effect::effect, submit};
use crate::{context::me_or_nobody, pages::sign_in::SignIn};

/// Asks for the password of the person whose session ended.
#[component]
pub(super) fn SignInAgain(desk: Desk) -> impl IntoView {
    let Some(me) = me_or_nobody() else { return ().into_any() };
    let open = RwSignal::new(false);
    let problem = RwSignal::new(String::new());
    let password = NodeRef::<html::Input>::new();
    effect(move || {
        if desk.sign_in_again.read().is_some() {
            problem.set(String::new());
            open.set(true);
        }
    });
    let name = me.sign_in.clone();
    let submitted = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(input) = password.get_untracked() else { return };
        let fields = vec![("name".to_owned(), name.clone()), ("password".to_owned(), input.value())];
        input.set_value("");
        spawn_local(async move {
            match submit::post(SignIn::PATH, &fields).await {
                Ok(_) => {
                    open.set(false);
                    if let Some(again) = desk.sign_in_again.get_untracked() {
                        desk.sign_in_again.set(None);
                        again.run(());
                    }
                }
                Err(crate::error::AppError::Invalid(errors)) => {
                    problem.set(errors.0.into_values().next().unwrap_or_default());
                }
                Err(error) => problem.set(error.to_string()),
            }
        });
    };
    view! {
        <Dialog open=open title="Your session has ended">
            <p>"Sign in again to continue. What you typed is kept."</p>
            <form method="post" action=SignIn::PATH class="form" novalidate on:submit=submitted>
                <div class="field">
                    <label for="again-name">"Name"</label>
                    <input id="again-name" name="name" autocomplete="username" readonly value=me.sign_in />
                </div>
                <div class="field">
                    <label for="again-password">"Password"</label>
                    <input
                        id="again-password"
                        name="password"
                        type="password"
                        autocomplete="current-password"
                        node_ref=password
                        aria-describedby="again-problem"
                        aria-invalid=move || (!problem.read().is_empty()).then_some("true")
                    />
                    <p id="again-problem" class="field-error" aria-live="polite">{problem}</p>
                </div>
                <div class="actions">
                    <button type="submit" class=Kind::Primary.class()>"Sign in"</button>
                    <a class="button" href="/sign-in" rel="external">"Sign in as somebody else"</a>
                </div>
            </form>
        </Dialog>
    }
    .into_any()
}
