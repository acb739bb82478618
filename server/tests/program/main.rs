//! The program as an operator meets it: started, asked, ended, killed, misconfigured.

mod admin;
mod configuration;
mod help;
mod life;
mod tandem;
