//! The log: where it goes, and that a panic goes there too.

use std::{io::IsTerminal as _, panic::PanicHookInfo};

use tracing::Level;
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{Log, LogFormat};

/// Starts logging to the standard error output. A second call changes nothing.
pub fn start(log: &Log) {
    let level = log.level.0;
    // What the libraries say is theirs to say only when it is a warning, unless somebody looks closer than usual.
    let of_others = if level > Level::INFO { level } else { level.min(Level::WARN) };
    let ours = ["tandem", "tandem_server", "tandem_app", "tandem_store"].map(|target| (target, level));
    let filter = Targets::new().with_default(of_others).with_targets(ours);
    let layer = match log.format {
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal();
            let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
            layer.with_ansi(colours).compact().boxed()
        }
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).json();
            layer.flatten_event(true).with_span_list(false).boxed()
        }
    };
    let started = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    if started.is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

/// With the request's span around it, so that the reference a person was told leads to this line.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map(ToString::to_string);
    let backtrace = std::backtrace::Backtrace::capture();
    let backtrace = (backtrace.status() == std::backtrace::BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(message, place, backtrace, "panic: a fault of ours");
}
