//! How is an endpoint driven? Without clock, socket or task: tell it what happened and what time it is with
//! [`Endpoint::handle`], drain [`Endpoint::poll`] until it gives `None`, and come back at [`Endpoint::next_timeout`] at the
//! latest.

use std::{net::SocketAddr, time::Instant};

use bytes::Bytes;
use tandem_sip::transaction::Event;

use crate::{Station, voices::Order};

/// What happened.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// A datagram came to the endpoint's SIP address.
    Datagram {
        /// From whom.
        from: SocketAddr,
        /// What.
        bytes: &'a [u8],
    },
    /// It is time; also the first thing that an endpoint is told.
    Timeout,
    /// The demonstration ends: hang up, and take back what the exchange was told.
    Stop,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send a datagram from the endpoint's SIP address.
    Send {
        /// To whom.
        to: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// Do something with the sound of a socket.
    Sound {
        /// Which: [`Port::socket`](crate::Port::socket).
        socket: usize,
        /// What.
        order: Order,
    },
}

/// An endpoint. What each kind does is in the methods of the first part; the others are how it is driven.
pub trait Endpoint {
    /// What it has.
    fn station(&self) -> &Station;
    /// The same, to be changed.
    fn station_mut(&mut self) -> &mut Station;
    /// Something came from the transactions.
    fn event(&mut self, now: Instant, event: Event);
    /// Does what is due by its own plans.
    fn act(&mut self, now: Instant);
    /// When that is.
    fn plans(&self) -> Option<Instant>;
    /// Ends everything.
    fn stop(&mut self, now: Instant);
    /// Whether it was stopped, and has nothing to wait for any more.
    fn is_done(&self) -> bool;

    /// Something happened.
    fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Datagram { from, bytes } => self.station_mut().receive(now, from, bytes),
            Input::Timeout => {
                self.station_mut().handle_timeout(now);
                self.act(now);
            }
            Input::Stop => self.stop(now),
        }
        while let Some(event) = self.station_mut().next_event() {
            self.event(now, event);
        }
    }

    /// The next thing to do.
    fn poll(&mut self) -> Option<Output> {
        self.station_mut().next_output()
    }

    /// When to come back at the latest.
    fn next_timeout(&self) -> Option<Instant> {
        [self.station().next_timeout(), self.plans()].into_iter().flatten().min()
    }
}
