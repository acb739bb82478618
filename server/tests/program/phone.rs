//! The phone in the browser as the whole program serves it: which tab holds it, when its stream ends, what outlives the program.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use tandem_domain::phone::{CallNumber, ToBrowser, ToServer};
use tungstenite::{Error, Message, WebSocket, client::IntoClientRequest as _};

use crate::tandem::{Serving, number_in, text_in};

/// What is told is told within this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// The session is looked at this often in any case: what comes sooner has come by itself.
const LOOK: Duration = Duration::from_secs(12);

fn serve(folder: &Path) -> Serving {
    Serving::start(folder, &["demo", "--http", "127.0.0.1:0", "--data", "kept", "--no-callers"])
}

/// Posts a form; the answer's head and body.
fn post(address: SocketAddr, path: &str, cookie: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = form.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\naccept: application/json\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\ncookie: {cookie}\r\n\
         connection: close\r\n\r\n{form}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    answer
}

/// Signs somebody of the demonstration in; the session's cookie.
fn sign_in(address: SocketAddr, name: &str) -> String {
    let answer = post(address, "/api/sign_in", "", &format!("name={name}&password=tandem-demo"));
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a session");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

/// A browser's tab.
struct Tab(WebSocket<TcpStream>);

impl Tab {
    fn open(address: SocketAddr, cookie: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = format!("ws://{address}/phone").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("origin", format!("http://{address}").parse().unwrap());
        headers.insert("cookie", cookie.parse().unwrap());
        Self(tungstenite::client(request, stream).unwrap().0)
    }

    fn say(&mut self, wish: &ToServer) {
        self.0.send(Message::text(serde_json::to_string(wish).unwrap())).unwrap();
    }

    /// The next thing that it is told, or the code with which the stream is closed.
    fn next(&mut self) -> Result<ToBrowser, u16> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(frame)) => return Err(frame.map_or(0, |frame| frame.code.into())),
                Ok(_) => {}
                Err(Error::ConnectionClosed) => return Err(0),
                Err(error) => panic!("nothing was told: {error}"),
            }
        }
    }

    /// Asks for the phone, and tells its token; `None`: another tab has it.
    fn hello(&mut self, take: bool, token: Option<&str>) -> Option<String> {
        self.say(&ToServer::Hello { take, token: token.map(str::to_owned) });
        loop {
            match self.next().unwrap() {
                ToBrowser::Holds { token } => return Some(token),
                ToBrowser::TakenElsewhere => return None,
                ToBrowser::CallsElsewhere { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Whether it is told to let no calls through.
    fn do_not_disturb(&mut self) -> bool {
        match self.next().unwrap() {
            ToBrowser::Ready { do_not_disturb, .. } => do_not_disturb,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_holder_that_returns_does_not_take_the_phone_from_the_desk_where_it_was_taken() {
    let here = tempfile::tempdir().unwrap();
    let serving = serve(here.path());
    let cookie = sign_in(serving.address, "john");
    let mut laptop = Tab::open(serving.address, &cookie);
    let token = laptop.hello(false, None).expect("nobody has the phone");
    laptop.do_not_disturb();
    // Loaded anew, it takes the phone back from itself.
    let mut again = Tab::open(serving.address, &cookie);
    assert_eq!(again.hello(false, Some(&token)).as_ref(), Some(&token));
    assert_eq!(laptop.next(), Ok(ToBrowser::TakenElsewhere));
    // At his desk, John takes it.
    let mut desk = Tab::open(serving.address, &sign_in(serving.address, "john"));
    assert_eq!(desk.hello(false, None), None);
    let other = desk.hello(true, None).expect("it was his wish");
    assert_ne!(other, token);
    desk.do_not_disturb();
    drop(again);
    let mut back = Tab::open(serving.address, &cookie);
    assert_eq!(back.hello(false, Some(&token)), None, "the laptop is back, and nobody sits at it");
    // Nobody else's token is one, either.
    let mut mary = Tab::open(serving.address, &sign_in(serving.address, "mary"));
    mary.hello(false, None).expect("hers");
    let mut john_before = Tab::open(serving.address, &sign_in(serving.address, "mary"));
    assert_eq!(john_before.hello(false, Some(&other)), None);
    // The desk has heard nothing of all that.
    desk.say(&ToServer::Alive);
    assert_eq!(desk.next(), Ok(ToBrowser::Alive));
}

#[test]
fn do_not_disturb_outlives_the_program() {
    let here = tempfile::tempdir().unwrap();
    let serving = serve(here.path());
    let cookie = sign_in(serving.address, "john");
    let mut tab = Tab::open(serving.address, &cookie);
    tab.hello(false, None).expect("nobody has the phone");
    assert!(!tab.do_not_disturb());
    tab.say(&ToServer::DoNotDisturb { on: true });
    let until = Instant::now() + PATIENCE;
    while number_in(here.path(), "SELECT COUNT(*) FROM account WHERE do_not_disturb") == 0 {
        assert!(Instant::now() < until, "it is not kept");
        std::thread::sleep(Duration::from_millis(50));
    }
    serving.signal("KILL");
    serving.wait();

    let serving = serve(here.path());
    let mut tab = Tab::open(serving.address, &cookie);
    // What it was given before is of another time, and nobody has the phone.
    tab.hello(false, Some("of another time")).expect("nobody has the phone");
    assert!(tab.do_not_disturb());
}

#[test]
fn whose_session_has_ended_begins_nothing_any_more() {
    let here = tempfile::tempdir().unwrap();
    let serving = serve(here.path());
    let cookie = sign_in(serving.address, "john");
    let mut tab = Tab::open(serving.address, &cookie);
    tab.hello(false, None).expect("nobody has the phone");
    tab.do_not_disturb();
    let begun = Instant::now();
    post(serving.address, "/api/sign_out", &cookie, "");
    tab.say(&ToServer::Dial { call: CallNumber(1), number: "702".into(), sdp: "v=0\r\n".into() });
    assert_eq!(tab.next(), Err(4001), "signed out");
    assert!(begun.elapsed() < LOOK);
}

#[test]
fn who_is_blocked_has_no_phone_from_that_moment_on() {
    let here = tempfile::tempdir().unwrap();
    let serving = serve(here.path());
    let mut tab = Tab::open(serving.address, &sign_in(serving.address, "john"));
    tab.hello(false, None).expect("nobody has the phone");
    tab.do_not_disturb();
    let admin = sign_in(serving.address, "admin");
    let of = |column: &str| text_in(here.path(), &format!("SELECT {column} FROM sign_in WHERE name = 'john'"));
    let (customer, account) = (of("customer_id"), of("person_id"));
    let begun = Instant::now();
    let blocked = format!("customer={customer}&account={account}&was=open&status=blocked&reason=Lost+phone");
    post(serving.address, "/api/status_set", &admin, &blocked);
    assert_eq!(tab.next(), Err(4001), "signed out");
    assert!(begun.elapsed() < LOOK);
}
