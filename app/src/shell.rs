//! The HTML document around the application.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::{context::Theme, programs::Program, routes::App, server::Assets};

/// The whole document around a page. The theme is known here already, so that a dark page never flashes white.
pub fn shell(assets: &Assets, program: Program, theme: Theme) -> impl IntoView + use<> {
    let nonce = use_nonce();
    let (script, wasm) = (assets.script(program), assets.wasm(program));
    let start = format!("import('{script}').then(program => program.default({{module_or_path: '{wasm}'}}));");
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.key() data-program=program.name()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=assets.style.clone() />
                <link rel="modulepreload" href=script nonce=nonce.clone() />
                <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
                <MetaTags />
            </head>
            <body>
                <App />
                <script type="module" nonce=nonce>{start}</script>
            </body>
        </html>
    }
}
