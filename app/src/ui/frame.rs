//! What is around the pages: the navigation, who is signed in, and the way out.
//!
//! On a wide page the navigation stands at the left; on a narrow one it is a popover behind a button in a bar on top. The
//! browser opens and closes popovers by itself, so all of it works without WebAssembly.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_location;
use tandem_domain::access::{Audience, Principal};

use super::{
    CollectAny as _,
    form::PostForm,
    icon::{Sign, icon},
    keys::{provide_single_keys, single_keys_switch},
    nav::{self, Group},
    palette::Palette,
    theme::ThemeSwitch,
};
use crate::{
    context::{is_demo, me_or_nobody},
    pages::sign_in::SignOut,
};

/// Around the pages of whoever is signed in.
#[component]
pub fn Frame(
    /// What is docked below the pages of an account.
    #[prop(optional)]
    dock: Option<fn() -> AnyView>,
    /// The page.
    children: Children,
) -> impl IntoView {
    provide_single_keys();
    let Some(me) = me_or_nobody() else {
        return view! { <main id="main" class="page">{children()}</main> }.into_any();
    };
    let groups = nav::groups(&me, is_demo());
    let area = match me.audience() {
        Audience::Administrator => "Administration",
        Audience::Customer | Audience::Account => "Self-care",
    };
    view! {
        <a class="skip" href="#main" rel="external">"Skip to the content"</a>
        <div class="frame">
            <header class="topbar">
                <button type="button" class="icon-button" popovertarget="navigation" aria-label="Menu">{icon(Sign::Menu)}</button>
                {brand(me.home(), area)}
            </header>
            <nav class="sidebar" id="navigation" aria-label="Main" popover>
                {brand(me.home(), area)}
                {navigation(&groups)}
                {user_menu(&me)}
            </nav>
            <main id="main" class="page" tabindex="-1">{children()}</main>
        </div>
        {dock.filter(|_| me.audience() == Audience::Account).map(|dock| dock())}
        <Palette groups=groups />
    }
    .into_any()
}

fn brand(home: &'static str, area: &'static str) -> AnyView {
    view! {
        <a class="brand" href=home>
            <svg class="brand-sign" viewBox="0 0 24 24" aria-hidden="true">
                <circle cx="8" cy="12" r="5.5" />
                <circle cx="16" cy="12" r="5.5" />
            </svg>
            <span class="brand-name">"Tandem"</span>
            <span class="brand-area">{area}</span>
        </a>
    }
    .into_any()
}

fn navigation(groups: &[Group]) -> AnyView {
    let path = use_location().pathname;
    let groups = groups
        .iter()
        .map(|group| {
            let entries = group
                .entries
                .iter()
                .copied()
                .map(|entry| {
                    let here = move || nav::is_at(entry.href, &path.read()).then_some("page");
                    view! { <li><a href=entry.href aria-current=here>{icon(entry.sign)} {entry.label}</a></li> }
                        .into_any()
                })
                .collect_any();
            let label = group.label;
            view! {
                <div class="nav-group">
                    {(!label.is_empty()).then(|| view! { <p>{label}</p> }.into_any())}
                    <ul>{entries}</ul>
                </div>
            }
            .into_any()
        })
        .collect_any();
    view! { <div class="nav">{groups}</div> }.into_any()
}

fn user_menu(me: &Principal) -> AnyView {
    let first = me.name.chars().next().unwrap_or('?').to_string();
    view! {
        <div class="user">
            <button type="button" class="user-button" popovertarget="user-menu">
                <span class="avatar" aria-hidden="true">{first}</span>
                <span class="user-name"><strong>{me.name.clone()}</strong> <small>{me.role.name.clone()}</small></span>
                {icon(Sign::UpDown)}
            </button>
            <div class="user-menu" id="user-menu" popover>
                <p class="user-menu-who">
                    <strong>{me.name.clone()}</strong>
                    <small>{format!("{} · {}", me.sign_in, me.role.name)}</small>
                </p>
                <a href="/profile">{icon(Sign::Card)} "Profile and password"</a>
                <div class="user-menu-theme"><span>"Theme"</span> <ThemeSwitch /></div>
                {single_keys_switch()}
                <PostForm to=SignOut::PATH reload=true>
                    <button type="submit">{icon(Sign::SignOut)} "Sign out"</button>
                </PostForm>
            </div>
        </div>
    }
    .into_any()
}
