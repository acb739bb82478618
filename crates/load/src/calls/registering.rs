//! How does the phone become reachable? It registers, and proves who it is.

use std::time::Instant;

use anyhow::{Result, bail};
use tandem_sip::{
    digest::{Answer, respond},
    message::{self, Message, Method, Name},
};

use super::{Calls, PATIENCE, PHONE};

impl Calls {
    /// The phone registers (RFC 3261 §10.2), with the answer to the challenge that it gets.
    pub(super) fn register(&mut self) -> Result<()> {
        let (phone, to) = (self.phone_at, self.to);
        let (user, password) = PHONE;
        let request = |sequence: u32, authorization: &str| {
            format!(
                "REGISTER sip:{to} SIP/2.0\r\nVia: SIP/2.0/UDP {phone};branch=z9hG4bKr{sequence};rport\r\n\
                 From: <sip:{user}@{to}>;tag=r\r\nTo: <sip:{user}@{to}>\r\nCall-ID: load-registration\r\n\
                 CSeq: {sequence} REGISTER\r\nContact: <sip:{user}@{phone}>;expires=3600\r\nMax-Forwards: 70\r\n\
                 {authorization}Content-Length: 0\r\n\r\n"
            )
        };
        self.phone.send_to(request(1, "").as_bytes(), to)?;
        let challenge = self.response()?;
        let answer = Answer {
            username: user,
            password,
            method: &Method::Register,
            uri: &format!("sip:{to}"),
            body: &[],
            cnonce: "load",
            nc: 1,
        };
        let proof = respond(challenge.headers.all(&Name::WwwAuthenticate), &answer)?;
        self.phone.send_to(request(2, &format!("Authorization: {proof}\r\n")).as_bytes(), to)?;
        match self.response()?.status {
            200 => Ok(()),
            status => bail!("it is answered {status}"),
        }
    }

    /// The next final response to the phone.
    fn response(&mut self) -> Result<message::Response> {
        let until = Instant::now() + PATIENCE;
        let mut buffer = [0; 4096];
        while Instant::now() < until {
            let _ = self.waiter.wait(100)?.count();
            let Ok((length, _)) = self.phone.recv_from(&mut buffer) else { continue };
            if let Ok(Message::Response(response)) = message::parse(&buffer[..length])
                && !response.is_provisional()
            {
                return Ok(response);
            }
        }
        bail!("nothing is answered")
    }
}
