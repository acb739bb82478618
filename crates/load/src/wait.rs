//! Waiting for sockets, and for the next beat of a clock that is finer than a millisecond.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use rustix::{
    event::{Timespec, epoll},
    io::Errno,
    time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime},
};

/// The key of the beat.
const BEAT: u64 = u64::MAX;
/// Sockets that one wait reports at most.
const BATCH: usize = 256;

/// Waits for any of several sockets.
pub struct Waiter {
    epoll: OwnedFd,
    beat: Option<OwnedFd>,
    ready: Vec<epoll::Event>,
}

impl Waiter {
    /// Waits for nothing yet.
    ///
    /// # Errors
    /// The system gives no descriptor.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, beat: None, ready: Vec::with_capacity(BATCH) })
    }

    /// Wakes up this often, too.
    ///
    /// # Errors
    /// The system gives no timer.
    pub fn beat(&mut self, every: Duration) -> io::Result<()> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        let every = Timespec { tv_sec: every.as_secs().cast_signed(), tv_nsec: every.subsec_nanos().into() };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: every, it_value: every })?;
        // By edge: each beat wakes anew, without being read.
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&self.epoll, &timer, epoll::EventData::new_u64(BEAT), flags)?;
        self.beat = Some(timer);
        Ok(())
    }

    /// Waits for this socket too, under this key.
    ///
    /// # Errors
    /// The system watches no more.
    pub fn add(&self, socket: impl AsFd, key: usize) -> io::Result<()> {
        let data = epoll::EventData::new_u64(key as u64);
        Ok(epoll::add(&self.epoll, socket, data, epoll::EventFlags::IN)?)
    }

    /// Waits until something is ready, at most this many milliseconds; gives the keys of what is.
    ///
    /// # Errors
    /// What the system says.
    pub fn wait(&mut self, milliseconds: u32) -> io::Result<impl Iterator<Item = usize> + use<'_>> {
        let timeout =
            Timespec { tv_sec: (milliseconds / 1000).into(), tv_nsec: (milliseconds % 1000 * 1_000_000).into() };
        self.ready.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.ready), Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let keys = self.ready.iter().map(|event| event.data.u64()).filter(|key| *key != BEAT);
        Ok(keys.map(|key| usize::try_from(key).unwrap_or(usize::MAX)))
    }
}
