//! How does a manager join a call? With a phone that dials the prefix for spying and extension 744, proves who it is, and hangs
//! up in the end.

use std::{
    fmt::Write as _,
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
};

use anyhow::{Context as _, Result, bail};
use tandem_sip::{
    digest::{Answer, respond},
    message::{self, Message, Method, Name},
};

use crate::text::{Seen, description};

/// The user and the password: Adam, who may supervise in the demonstration.
const USER: (&str, &str) = ("abc701", "tandem-demo");
/// What is dialled.
const DIALLED: &str = "*90744";

/// A manager's phone.
#[derive(Debug)]
pub struct Manager {
    socket: UdpSocket,
    at: SocketAddr,
    exchange: SocketAddr,
    /// Where it wants its sound.
    port: u16,
    /// Which of its calls this is, and the sequence number of its last INVITE.
    call: u32,
    sequence: u32,
    /// `To` with its tag, and where requests go within the dialog.
    dialog: Option<(String, String)>,
}

impl Manager {
    /// A phone that wants its sound at this port.
    ///
    /// # Errors
    /// The system gives no socket.
    pub fn open(exchange: SocketAddr, port: u16) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        Ok(Self { at: socket.local_addr()?, socket, exchange, port, call: 0, sequence: 0, dialog: None })
    }

    /// Dials. [`Manager::poll`] does the rest.
    ///
    /// # Errors
    /// It cannot be sent.
    pub fn join(&mut self) -> io::Result<()> {
        (self.call, self.sequence, self.dialog) = (self.call + 1, 1, None);
        self.invite("")
    }

    /// Reads what came. Tells where sound goes once the call is answered.
    ///
    /// # Errors
    /// It is refused, or an answer cannot be read.
    pub fn poll(&mut self) -> Result<Option<SocketAddr>> {
        let mut buffer = [0; 4096];
        while let Ok((length, _)) = self.socket.recv_from(&mut buffer) {
            let Some(seen) = Seen::read(&buffer[..length]) else { continue };
            let is_ours = seen.call_id == self.call_id() && seen.cseq == format!("{} INVITE", self.sequence);
            match seen.status {
                401 if is_ours && self.sequence == 1 => {
                    self.send("ACK", &self.dialled(), seen.to, 1, "", "")?;
                    let Ok(Message::Response(challenge)) = message::parse(&buffer[..length]) else {
                        bail!("the challenge cannot be read");
                    };
                    let proof = self.proof(&challenge)?;
                    self.sequence = 2;
                    self.invite(&format!("Authorization: {proof}\r\n"))?;
                }
                200..=299 if is_ours && self.dialog.is_none() => {
                    self.send("ACK", seen.contact, seen.to, self.sequence, "", "")?;
                    self.dialog = Some((seen.to.to_owned(), seen.contact.to_owned()));
                    return Ok(Some(seen.media().context("an answer without sound")?));
                }
                300.. if is_ours => bail!("the manager is refused: {}", seen.status),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Hangs up.
    ///
    /// # Errors
    /// It cannot be sent.
    pub fn leave(&mut self) -> io::Result<()> {
        match self.dialog.take() {
            Some((to, target)) => self.send("BYE", &target, &to, self.sequence + 1, "", ""),
            None => Ok(()),
        }
    }

    fn call_id(&self) -> String {
        format!("manager-{}", self.call)
    }

    fn dialled(&self) -> String {
        format!("sip:{DIALLED}@{}", self.exchange)
    }

    fn invite(&self, authorization: &str) -> io::Result<()> {
        let to = format!("<{}>", self.dialled());
        self.send("INVITE", &self.dialled(), &to, self.sequence, authorization, &description(self.port))
    }

    fn proof(&self, challenge: &message::Response) -> Result<String> {
        let answer = Answer {
            username: USER.0,
            password: USER.1,
            method: &Method::Invite,
            uri: &self.dialled(),
            body: &[],
            cnonce: "load",
            nc: 1,
        };
        Ok(respond(challenge.headers.all(&Name::WwwAuthenticate), &answer)?)
    }

    /// `more` are further header lines.
    fn send(&self, method: &str, uri: &str, to: &str, sequence: u32, more: &str, body: &str) -> io::Result<()> {
        let Self { at, exchange, call, .. } = self;
        let user = USER.0;
        let mut text = String::with_capacity(1024);
        // An ACK belongs to its INVITE.
        let branch = if method == "BYE" { "b" } else { "i" };
        let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let _ = write!(
            text,
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bKm{call}{branch}{sequence};rport\r\n\
             From: <sip:{user}@{exchange}>;tag=m{call}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {sequence} {method}\r\n\
             Contact: <sip:{user}@{at}>\r\nMax-Forwards: 70\r\n{more}{content}Content-Length: {}\r\n\r\n{body}",
            self.call_id(),
            body.len()
        );
        self.socket.send_to(text.as_bytes(), exchange).map(drop)
    }
}
