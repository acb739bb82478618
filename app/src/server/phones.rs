//! What the pages want of the phones in browsers. The running server gives it; the application knows no telephony.

use std::net::IpAddr;

use tandem_domain::{
    ids::AccountId,
    phone::{ToBrowser, ToServer},
};
use tokio::sync::{mpsc, watch};

/// One browser tab's way to the line of its account. Dropping either end says that the tab is gone.
#[derive(Debug)]
pub struct PhoneLine {
    /// What the browser wants.
    pub tx: mpsc::Sender<ToServer>,
    /// What is so. That it ends means that the line is put away: the browser may come back for another one.
    pub rx: mpsc::Receiver<ToBrowser>,
    /// Whether there are calls, which outlive what would end the stream otherwise: the session's time, the server's.
    pub calls: watch::Receiver<bool>,
}

/// The lines of the phones in browsers.
pub trait Phones: Send + Sync {
    /// A tab of a signed-in account wants to be its phone. `from` is the address of its device. `None` when there are too
    /// many tabs or lines, or none at all here.
    fn open(&self, account: AccountId, from: IpAddr) -> Option<PhoneLine>;
}

/// Where there are no phones in browsers.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPhones;

impl Phones for NoPhones {
    fn open(&self, _account: AccountId, _from: IpAddr) -> Option<PhoneLine> {
        None
    }
}
