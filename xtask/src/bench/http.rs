//! A browser's connection, reduced to what a measurement needs: one request after another on one kept connection.
//!
//! Written here rather than taken from a crate, so that between the clock and the socket there is nothing to be measured
//! but the server.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::Unmeasured;

/// Nothing that is measured takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What Chromium says that it can decompress.
const AS_A_BROWSER: &str = "gzip, deflate, br, zstd";

/// A connection, with the session of whoever signed in on it.
pub struct Connection {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    cookie: Option<String>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// From the first byte sent to the last received.
    pub took: Duration,
}

/// The part of an answer before its body.
struct Head {
    status: u16,
    /// `None`: in chunks.
    length: Option<usize>,
    cookie: Option<String>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { address, stream: BufReader::new(stream), cookie: None })
    }

    /// Asks for a page as a browser does: compressed.
    pub fn get(&mut self, path: &str) -> Result<Answer, Unmeasured> {
        self.ask(path, &format!("GET {path} HTTP/1.1\r\nAccept-Encoding: {AS_A_BROWSER}\r\n"), "")
    }

    /// Asks for a page that is to be read: not compressed. Anything but 200 is an error.
    pub fn read(&mut self, path: &str) -> Result<String, Unmeasured> {
        let answer = self.ask(path, &format!("GET {path} HTTP/1.1\r\n"), "")?;
        if answer.status != 200 {
            return Err(Unmeasured(format!("{path} answers {}", answer.status)));
        }
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Signs in; later requests on this connection are this person's.
    pub fn sign_in(&mut self, name: &str, password: &str) -> Result<(), Unmeasured> {
        let path = "/api/sign_in";
        let body = format!("name={name}&password={password}");
        let kind = "application/x-www-form-urlencoded";
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n");
        let answer = self.ask(path, &head, &body)?;
        if answer.status != 200 || self.cookie.is_none() {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(Unmeasured(format!("{name} cannot sign in ({}): {said}", answer.status)));
        }
        Ok(())
    }

    fn ask(&mut self, path: &str, head: &str, body: &str) -> Result<Answer, Unmeasured> {
        self.exchange(head, body).map_err(|error| Unmeasured(format!("{path}: {error}")))
    }

    fn exchange(&mut self, head: &str, body: &str) -> std::io::Result<Answer> {
        let address = self.address;
        let accept = if body.is_empty() { "text/html" } else { "application/json" };
        let cookie = self.cookie.as_ref().map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
        let request =
            format!("{head}Host: {address}\r\nOrigin: http://{address}\r\nAccept: {accept}\r\n{cookie}\r\n{body}");
        self.reopen_if_closed()?;
        let started = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes())?;
        let head = self.read_head()?;
        let body = self.read_body(&head)?;
        let took = started.elapsed();
        if let Some(cookie) = head.cookie {
            self.cookie = Some(cookie);
        }
        Ok(Answer { status: head.status, body, took })
    }

    /// A server closes connections on which nobody asks for a while.
    fn reopen_if_closed(&mut self) -> std::io::Result<()> {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true)?;
        let closed = matches!(stream.peek(&mut [0]), Ok(0));
        stream.set_nonblocking(false)?;
        if closed {
            self.stream = Self::open(self.address)?.stream;
        }
        Ok(())
    }

    fn read_head(&mut self) -> std::io::Result<Head> {
        let first = self.read_line()?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut head = Head { status: status.ok_or_else(|| unreadable(&first))?, length: Some(0), cookie: None };
        loop {
            let line = self.read_line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = Some(value.parse().map_err(|_| unreadable(&line))?),
                "transfer-encoding" => head.length = None,
                "set-cookie" => head.cookie = value.split(';').next().map(str::to_owned),
                _ => {}
            }
        }
        Ok(head)
    }

    fn read_body(&mut self, head: &Head) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if let Some(length) = head.length {
            self.read_exactly(length, &mut body)?;
            return Ok(body);
        }
        loop {
            let line = self.read_line()?;
            let size = usize::from_str_radix(&line, 16).map_err(|_| unreadable(&line))?;
            self.read_exactly(size, &mut body)?;
            self.read_line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn read_exactly(&mut self, length: usize, into: &mut Vec<u8>) -> std::io::Result<()> {
        let begin = into.len();
        into.resize(begin + length, 0);
        self.stream.read_exact(&mut into[begin..])
    }

    /// A line without its end.
    fn read_line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

fn unreadable(line: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, format!("not HTTP: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server that gives one connection these answers, one for each request without a body.
    fn answering(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            for answer in answers {
                let mut line = String::new();
                while line != "\r\n" {
                    line.clear();
                    stream.read_line(&mut line).unwrap();
                }
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        address
    }

    #[test]
    fn bodies_of_known_length_and_in_chunks_are_read_to_their_end() {
        let address = answering(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst",
            "HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nthird",
        ]);
        let mut connection = Connection::open(address).unwrap();
        assert_eq!(connection.get("/").unwrap().body, b"first");
        let second = connection.get("/").unwrap();
        assert_eq!((second.status, second.body.as_slice()), (404, b"second".as_slice()));
        assert_eq!(connection.read("/").unwrap(), "third");
    }

    #[test]
    fn a_connection_that_the_server_has_closed_is_opened_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut connection = Connection::open(listener.local_addr().unwrap()).unwrap();
        drop(listener.accept().unwrap());
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nagain").unwrap();
            stream
        });
        assert_eq!(connection.read("/").unwrap(), "again");
        drop(answering.join().unwrap());
    }

    #[test]
    fn a_refused_sign_in_is_told() {
        let address = answering(&["HTTP/1.1 422 No\r\ncontent-length: 5\r\n\r\nwrong"]);
        let error = Connection::open(address).unwrap().sign_in("admin", "guess").unwrap_err();
        assert_eq!(error.0, "admin cannot sign in (422): wrong");
    }
}
