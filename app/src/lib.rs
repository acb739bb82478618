//! The web application of Tandem: pages, components and server functions. Compiled twice: for the server (`ssr`), which
//! renders every page and runs the server functions, and for the browser (`hydrate`), which takes the pages over.
//!
//! | module | what is there |
//! | --- | --- |
//! | [`routes`] | every page's address, the frames around them |
//! | [`programs`] | which of the browser's programs takes a page over |
//! | [`pages`] | the pages, each beside its server functions |
//! | [`parts`] | what several pages share: panels, forms, lists of one kind |
//! | [`ui`] | the design system; pages compose, they do not style |
//! | [`context`] | who is signed in, the last post's words |
//! | [`data`] | what a page shows: loading it by a server function, showing it |
//! | [`live`] | pages that follow what happens |
//! | [`phone`] | the phone in the browser, which goes on while pages change |
//! | [`post`], [`error`], [`listing`] | what server functions answer |
//! | `server` | the server's side: who is asking, sessions, what becomes of answers |
//!
//! To add a page: write it under `pages` with its server functions beside it, give it a route in [`routes`], a row in the
//! permission walk (`server/tests`), and a place in the frame's navigation; one of self-care that not everybody has there is named in
//! [`programs`], too.

#![recursion_limit = "512"]

pub mod context;
pub mod data;
pub mod error;
pub mod listing;
pub mod live;
pub mod pages;
pub mod parts;
pub mod phone;
pub mod post;
pub mod programs;
mod reading;
pub mod routes;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod ui;
