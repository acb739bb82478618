//! The control connection of one baresip: commands go, answers and events come, each a JSON object in a netstring.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::Event;

/// The longest message that is believed: the state of a call with all its media is a few kilobytes.
const LONGEST: usize = 1 << 20;

/// What came over the connection so far.
#[derive(Debug, Default)]
struct Inbox {
    events: Vec<Event>,
    /// The events before this one were waited for, or passed over.
    cursor: usize,
    /// Answers nobody took yet: token → whether it worked, and the text.
    answers: HashMap<String, (bool, String)>,
    /// The connection is closed: nothing more comes.
    closed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    inbox: Mutex<Inbox>,
    changed: Condvar,
}

impl Shared {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn receive(&self, message: &Value) {
        let mut inbox = self.inbox();
        if let Some(event) = Event::parse(message) {
            inbox.events.push(event);
        } else {
            let text = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let ok = message.get("ok").and_then(Value::as_bool).unwrap_or(false);
            inbox.answers.insert(text("token"), (ok, text("data")));
        }
        drop(inbox);
        self.changed.notify_all();
    }
}

/// Why a wait ended without what was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vain {
    /// The time is over.
    Late,
    /// The connection is closed.
    Closed,
}

/// The control connection.
#[derive(Debug)]
pub(super) struct Control {
    stream: Mutex<TcpStream>,
    shared: Arc<Shared>,
    tokens: AtomicU64,
    reader: Option<JoinHandle<()>>,
}

impl Control {
    /// Connects to a baresip that listens.
    pub(super) fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let shared = Arc::new(Shared::default());
        let (mut input, inside) = (stream.try_clone()?, Arc::clone(&shared));
        let reader = thread::Builder::new().name("phone control".into()).spawn(move || {
            while let Some(message) = read_netstring(&mut input) {
                // Baresip passes on what the other side sent: text that is no JSON is no event.
                if let Ok(message) = serde_json::from_slice(&message) {
                    inside.receive(&message);
                }
            }
            inside.inbox().closed = true;
            inside.changed.notify_all();
        })?;
        Ok(Self { stream: Mutex::new(stream), shared, tokens: AtomicU64::new(0), reader: Some(reader) })
    }

    /// Sends a command and waits for its answer: whether it worked, and the text.
    pub(super) fn command(&self, name: &str, parameters: &str, timeout: Duration) -> Result<(bool, String), Vain> {
        let token = self.tokens.fetch_add(1, Ordering::Relaxed).to_string();
        let mut command = json!({"command": name, "token": token});
        if !parameters.is_empty() {
            command["params"] = parameters.into();
        }
        let body = command.to_string();
        // One write: baresip expects a whole netstring in a segment.
        let message = format!("{}:{body},", body.len());
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.write_all(message.as_bytes()).map_err(|_| Vain::Closed)?;
        drop(stream);
        self.wait(timeout, |inbox| inbox.answers.remove(&token))
    }

    /// Waits for an event that `matches` gives something for, from the cursor on; the cursor then stands behind it.
    pub(super) fn wait_for<T>(
        &self,
        timeout: Duration,
        mut matches: impl FnMut(&Event) -> Option<T>,
    ) -> Result<T, Vain> {
        self.wait(timeout, |inbox| {
            let from = inbox.cursor;
            let found = inbox.events.iter().enumerate().skip(from).find_map(|(at, event)| Some((at, matches(event)?)));
            found.map(|(at, found)| {
                inbox.cursor = at + 1;
                found
            })
        })
    }

    /// Waits for an event behind the first `after`, and leaves the cursor where it is.
    pub(super) fn wait_after(
        &self,
        after: usize,
        timeout: Duration,
        matches: impl Fn(&Event) -> bool,
    ) -> Result<(), Vain> {
        self.wait(timeout, |inbox| inbox.events.iter().skip(after).any(&matches).then_some(()))
    }

    /// All events so far.
    pub(super) fn events(&self) -> Vec<Event> {
        self.shared.inbox().events.clone()
    }

    /// The events that were not waited for yet.
    pub(super) fn pending(&self) -> Vec<Event> {
        let inbox = self.shared.inbox();
        inbox.events.iter().skip(inbox.cursor).cloned().collect()
    }

    /// Passes over all events so far.
    pub(super) fn forget(&self) {
        let mut inbox = self.shared.inbox();
        inbox.cursor = inbox.events.len();
    }

    fn wait<T>(&self, timeout: Duration, mut take: impl FnMut(&mut Inbox) -> Option<T>) -> Result<T, Vain> {
        let deadline = Instant::now() + timeout;
        let mut inbox = self.shared.inbox();
        loop {
            if let Some(found) = take(&mut inbox) {
                return Ok(found);
            }
            if inbox.closed {
                return Err(Vain::Closed);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Vain::Late);
            }
            let waited = self.shared.changed.wait_timeout(inbox, left);
            inbox = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let stream = self.stream.get_mut().unwrap_or_else(PoisonError::into_inner);
        // It may be closed already: then the reader has ended as well.
        let _ = stream.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Reads one netstring: its length in decimal, a colon, so many bytes, a comma. None at the end, or if it is none.
fn read_netstring(input: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = 0_usize;
    loop {
        let mut byte = [0];
        input.read_exact(&mut byte).ok()?;
        match byte[0] {
            digit @ b'0'..=b'9' => length = length * 10 + usize::from(digit - b'0'),
            b':' => break,
            _ => return None,
        }
        if length > LONGEST {
            return None;
        }
    }
    let mut body = vec![0; length + 1];
    input.read_exact(&mut body).ok()?;
    (body.pop()? == b',').then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netstrings_are_read_one_after_the_other() {
        let mut input = &b"5:hello,0:,3:abc"[..];
        assert_eq!(read_netstring(&mut input), Some(b"hello".to_vec()));
        assert_eq!(read_netstring(&mut input), Some(Vec::new()));
        assert_eq!(read_netstring(&mut input), None);
        assert_eq!(read_netstring(&mut &b"99999999999:x,"[..]), None);
        assert_eq!(read_netstring(&mut &b"x:y,"[..]), None);
    }
}
