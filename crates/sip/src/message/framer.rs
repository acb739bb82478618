//! Where does a message end in a stream, and the next begin? (RFC 3261 §18.3, RFC 5626 §3.5.1)

use bytes::{Buf, Bytes, BytesMut};

use super::{
    Message,
    parse::{Fault, Head, Limits, Malformed, end_of_head},
};

/// What a stream carries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "the small one is rare")]
pub enum Framed {
    /// A message.
    Message(Message),
    /// Two line ends: the peer wants one line end back, to know that the way is open (RFC 5626 §3.5.1).
    KeepAlive,
}

/// Cuts a stream into messages, wherever it was torn apart on its way.
pub struct Framer {
    limits: Limits,
    bytes: BytesMut,
    state: State,
}

/// What is being waited for.
enum State {
    /// A message's head; no end of it was found before this byte.
    Head(usize),
    /// The body of this head.
    Body(Box<Head>, usize),
    /// Nothing: where the next message begins is not known any more.
    Broken,
}

impl Framer {
    /// A stream from its beginning.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, bytes: BytesMut::new(), state: State::Head(0) }
    }

    /// Takes what has come. Call [`Framer::next`] until it gives nothing before more is pushed, so that no more than one
    /// message is ever held.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.is_broken() {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Whether the stream cannot be understood any more and is to be closed.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        matches!(self.state, State::Broken)
    }

    /// Whether a message has begun and not ended.
    #[must_use]
    pub fn is_within(&self) -> bool {
        matches!(self.state, State::Body(..)) || !self.bytes.is_empty()
    }

    /// The next that is complete.
    #[expect(clippy::should_implement_trait, reason = "`None` is not the end: more may be pushed")]
    pub fn next(&mut self) -> Option<Result<Framed, Malformed>> {
        match std::mem::replace(&mut self.state, State::Head(0)) {
            State::Broken => {
                self.state = State::Broken;
                None
            }
            State::Head(0) => match self.between() {
                Some(true) => Some(Ok(Framed::KeepAlive)),
                Some(false) => self.head(0),
                None => None,
            },
            State::Head(from) => self.head(from),
            State::Body(head, length) => self.body(head, length),
        }
    }

    /// Skips line ends between messages. `Some(true)`: they are a keep-alive. `Some(false)`: a message begins. `None`: not
    /// enough has come to know.
    fn between(&mut self) -> Option<bool> {
        loop {
            match self.bytes[..] {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.bytes.advance(4);
                    return Some(true);
                }
                [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return None,
                [b'\r' | b'\n', ..] => self.bytes.advance(1),
                _ => return Some(false),
            }
        }
    }

    fn head(&mut self, from: usize) -> Option<Result<Framed, Malformed>> {
        let end = match end_of_head(&self.bytes, from) {
            Ok(end) if end <= self.limits.message => end,
            Err(seen) if self.bytes.len() <= self.limits.message => {
                self.state = State::Head(seen);
                return None;
            }
            Ok(_) | Err(_) => {
                return Some(Err(self.break_off(Malformed::unreadable(Fault::new(513, "Message Too Large")))));
            }
        };
        let head = Head::read(&self.bytes[..end], &self.limits);
        self.bytes.advance(end);
        match head.length {
            Some(length) if length <= self.limits.message - end => self.body(Box::new(head), length),
            Some(_) => Some(Err(self.break_off(head.refuse(Fault::new(513, "Message Too Large"))))),
            None => Some(Err(self.break_off(head.refuse(Fault::new(400, "No Content-Length in a stream"))))),
        }
    }

    fn body(&mut self, head: Box<Head>, length: usize) -> Option<Result<Framed, Malformed>> {
        if self.bytes.len() < length {
            self.state = State::Body(head, length);
            return None;
        }
        // Copied, so that a small body does not keep the whole buffer alive.
        let body = Bytes::copy_from_slice(&self.bytes[..length]);
        self.bytes.advance(length);
        Some(head.finish(body).map(Framed::Message))
    }

    /// Nothing more is read. Says so once.
    fn break_off(&mut self, why: Malformed) -> Malformed {
        self.state = State::Broken;
        self.bytes = BytesMut::new();
        why
    }
}
