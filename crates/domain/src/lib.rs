//! The rules of Tandem, without I/O.
//!
//! Everything that a page, a server function and the exchange must agree on lives here, once: what a valid extension is,
//! which codes collide, who may see a field, what a setting means when an account does not set it, when a sign-in has to
//! wait. The crate compiles for the server and for WebAssembly; it has no clock, no randomness and no database.
//!
//! | module | the question it answers |
//! | --- | --- |
//! | [`ids`] | what names a record, and when was it? |
//! | [`error`] | what is wrong with this input, in words for the person who typed it? |
//! | [`field`] | which rule does a form's field obey? |
//! | [`numbers`] | what is an extension, a dial code, a digit, an E.164 number? |
//! | [`dialing`] | what does a dialled number mean, and do codes collide? |
//! | [`supervision`] | which modes of supervision are there, and who hears whom? |
//! | [`access`] | who is signed in, and what may they see and change? |
//! | [`settings`] | which service settings exist, and which value is in effect? |
//! | [`huntgroup`] | how does a huntgroup ring, and what is a member? |
//! | [`calls`] | what is shown of a live call and a registration, and what is kept of a call? |
//! | [`console`] | what does a manager see of the calls that he may supervise? |
//! | [`wallboard`] | how do a company's huntgroups and agents do today, in figures? |
//! | [`phone`] | what do the phone in the browser and the server say to each other? |
//! | [`recordings`] | what is a call recording, and who may see it? |
//! | [`money`] | what is an amount, typed, shown and added? |
//! | [`billing`] | what do customers owe, and how do they pay? |
//! | [`mail`] | which e-mails are sent, and how far is each? |
//! | [`status`] | is there service today, and if not, why? |
//! | [`class`] | what do customers of one kind share? |
//! | [`customer`], [`account`], [`administrator`] | what is known of each? |
//! | [`locale`] | currency, language and time zone of a customer |
//! | [`sign_in`] | what is a good password, and how long must a guesser wait? |
//! | [`audit`] | how is a change told? |
//! | [`list`] | how is a long list cut into pages? |
//!
//! To add a rule: put it where its question is asked, give it a test that reads as a sentence, and let the page and the
//! server both call it.

pub mod access;
pub mod account;
pub mod administrator;
pub mod audit;
pub mod billing;
pub mod calls;
pub mod class;
pub mod console;
pub mod customer;
pub mod dialing;
pub mod error;
pub mod field;
pub mod huntgroup;
pub mod ids;
pub mod list;
pub mod locale;
pub mod mail;
pub mod money;
pub mod numbers;
pub mod phone;
pub mod recordings;
pub mod settings;
pub mod sign_in;
pub mod status;
pub mod supervision;
pub mod wallboard;
