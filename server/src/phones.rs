//! The phones in browsers: a task for each account whose phone is in use, around the pure [`Line`].
//!
//! The task moves what the tab that holds the phone says, and what the exchange says by a connection of the line's own, which
//! the exchange is told to trust. It lives as long as the line: as long as a tab is there, and a while longer.

mod holding;

use std::{
    collections::HashMap,
    future::poll_fn,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tandem_app::server::phones::{PhoneLine, Phones};
use tandem_domain::{
    ids::AccountId,
    phone::{RecordWish, ToBrowser, ToServer, WishKind},
};
use tandem_sip::{
    flow::Transport,
    message,
    transport::{Transports, WebSocket},
};
use tandem_store::{Store, StoreError};
use tandem_telephony::{
    actor::Handle,
    exchange::{Command, Wish},
    feed::Topic,
    line::{Line, Output, Owner},
};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use self::holding::{Holding, Taken};

/// Tabs of one account at one time.
const MOST_TABS: usize = 16;
/// Messages that may wait on the way to a tab; one that falls behind further is given up.
const BACKLOG: usize = 64;
/// How long the records may take to say what a phone may; its calls wait meanwhile.
const RECORDS_ANSWER: Duration = Duration::from_secs(1);
/// How long nothing may be due before the task looks at the clock again.
const LONG: Duration = Duration::from_secs(3600);
/// What somebody is told whose *do not disturb* counts only for as long as the line lives.
const NOT_KEPT: &str = "Whether you are to be disturbed could not be written down: set it again when you come back.";
/// What somebody is told whose line cannot be begun.
const NO_LINE: &str = "The phone cannot be reached at the moment. Try again in a few minutes.";

/// The lines of all accounts. Clones share them.
#[derive(Clone)]
pub struct BrowserPhones(Arc<Shared>);

struct Shared {
    store: Store,
    transports: Transports,
    handle: Handle,
    /// What the exchange calls itself.
    local: SocketAddr,
    /// Of each account in whose browser the phone is.
    lines: Mutex<HashMap<AccountId, Door>>,
    /// Tells lines apart that come from one address.
    port: AtomicU16,
    /// Whether the server goes down: lines without calls end.
    ending: watch::Receiver<bool>,
}

/// The way to a line.
#[derive(Clone)]
struct Door {
    /// Where new tabs are taken.
    tabs: mpsc::Sender<Tab>,
    /// Whether it has calls.
    calls: watch::Receiver<bool>,
}

/// A browser tab, from the line's side.
struct Tab {
    wishes: mpsc::Receiver<ToServer>,
    facts: mpsc::Sender<ToBrowser>,
}

impl BrowserPhones {
    /// Lines that lead to this exchange, which calls itself `local`.
    #[must_use]
    pub fn new(
        store: Store,
        transports: Transports,
        handle: Handle,
        local: SocketAddr,
        ending: watch::Receiver<bool>,
    ) -> Self {
        let (lines, port) = (Mutex::default(), AtomicU16::new(1));
        Self(Arc::new(Shared { store, transports, handle, local, lines, port, ending }))
    }
}

impl Phones for BrowserPhones {
    fn open(&self, account: AccountId, from: IpAddr) -> Option<PhoneLine> {
        let (tx, wishes) = mpsc::channel(BACKLOG);
        let (facts, rx) = mpsc::channel(BACKLOG);
        let mut tab = Tab { wishes, facts };
        let mut lines = locked(&self.0.lines);
        if let Some(door) = lines.get(&account) {
            match door.tabs.try_send(tab) {
                Ok(()) => return Some(PhoneLine { tx, rx, calls: door.calls.clone() }),
                Err(mpsc::error::TrySendError::Full(_)) => return None,
                Err(mpsc::error::TrySendError::Closed(back)) => tab = back,
            }
        }
        let (tabs, coming) = mpsc::channel(MOST_TABS);
        let _ = tabs.try_send(tab);
        let (has_calls, calls) = watch::channel(false);
        lines.insert(account, Door { tabs: tabs.clone(), calls: calls.clone() });
        let shared = self.0.clone();
        tokio::spawn(async move {
            serve(&shared, account, from, coming, has_calls).await;
            let mut lines = locked(&shared.lines);
            // Another line may have begun since this one was leaving.
            if lines.get(&account).is_some_and(|door| door.tabs.same_channel(&tabs)) {
                lines.remove(&account);
                // A phone that is switched off disturbs nobody: others of the account ring as ever.
                shared.handle.feed().show_quiet(account, false);
            }
        });
        Some(PhoneLine { tx, rx, calls })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins a line and serves it until it is over.
async fn serve(
    shared: &Shared,
    account: AccountId,
    from: IpAddr,
    mut coming: mpsc::Receiver<Tab>,
    has_calls: watch::Sender<bool>,
) {
    let words = match owner(shared, account).await {
        Ok(Some(owner)) => {
            let port = shared.port.fetch_add(1, Ordering::Relaxed).max(1);
            let socket = shared.transports.websocket(Transport::Ws, shared.local, SocketAddr::new(from, port));
            match socket {
                Some(socket) => {
                    let (connection, user) = (socket.flow().connection, owner.user.clone());
                    if let Some(connection) = connection {
                        shared.handle.command(Command::Trust { connection, user, account });
                    }
                    shared.handle.feed().show_quiet(account, owner.do_not_disturb);
                    let line = Line::new(owner, socket.flow(), StdRng::from_os_rng(), Instant::now());
                    let (tabs, holding, next, talks, told_others) =
                        (Vec::new(), Holding::default(), 0, 0, String::new());
                    let desk = Desk { shared, account, line, tabs, holding, next, talks, told_others, has_calls };
                    return desk.serve(socket, coming).await;
                }
                None => NO_LINE,
            }
        }
        Ok(None) => "This account has no SIP password yet, so it has no phone. Your administrator can set one.",
        Err(error) => {
            tracing::error!(%error, "the account of a phone cannot be read");
            NO_LINE
        }
    };
    coming.close();
    while let Some(tab) = coming.recv().await {
        let _ = tab.facts.try_send(ToBrowser::Refused { call: None, wish: None, words: words.to_owned() });
    }
}

/// Whose phone it is; `None` when the account has none.
async fn owner(shared: &Shared, account: AccountId) -> Result<Option<Owner>, StoreError> {
    let exchange = shared.store.exchange();
    let Some(caller) = exchange.caller(account).await? else { return Ok(None) };
    let Some(user) = caller.line.sip_user else { return Ok(None) };
    let owner = Owner {
        user,
        extension: caller.line.extension.to_string(),
        name: caller.line.name,
        may_record: may_record(&shared.store, account).await?,
        do_not_disturb: shared.store.accounts().do_not_disturb(account).await?,
    };
    Ok(Some(owner))
}

/// Whether an account may record its calls by wish.
async fn may_record(store: &Store, account: AccountId) -> Result<bool, StoreError> {
    let terms = store.exchange().recording(&[account]).await?;
    Ok(terms.first().is_some_and(|terms| terms.manual))
}

/// A line with its tabs.
struct Desk<'a> {
    shared: &'a Shared,
    account: AccountId,
    line: Line,
    /// The tabs, by their numbers.
    tabs: Vec<(u64, Tab)>,
    /// The tab that holds the phone.
    holding: Holding,
    /// The number of the next tab.
    next: u64,
    /// How many calls were answered when these were looked at last.
    talks: usize,
    /// What the tabs that do not hold the phone were told last of its calls.
    told_others: String,
    /// Tells the tabs' streams whether there are calls.
    has_calls: watch::Sender<bool>,
}

impl Desk<'_> {
    async fn serve(mut self, mut socket: WebSocket, mut coming: mpsc::Receiver<Tab>) {
        let mut changes = self.shared.handle.feed().changes(Topic::Calls);
        let mut ending = self.shared.ending.clone();
        loop {
            self.perform(&socket).await;
            self.note_calls();
            self.tell_others();
            // Calls may go on until the server's time is over.
            let ends = *ending.borrow();
            if ends && self.line.calls() == 0 {
                return;
            }
            if self.line.is_leaving() {
                // Who comes now gets another line.
                coming.close();
                while let Ok(tab) = coming.try_recv() {
                    drop(tab);
                }
                self.tabs.clear();
            }
            if self.line.is_over() {
                return;
            }
            let due = self.line.next_timeout().unwrap_or_else(|| Instant::now() + LONG);
            tokio::select! {
                Some(tab) = coming.recv(), if self.tabs.len() < MOST_TABS => {
                    self.tabs.push((self.next, tab));
                    self.next += 1;
                }
                (tab, wish) = wish(&mut self.tabs) => self.wished(tab, wish).await,
                frame = socket.next() => {
                    let Some(frame) = frame else { return };
                    match message::parse(&frame) {
                        Ok(message) => self.line.sip(message, Instant::now()),
                        Err(error) => tracing::error!(?error, "the exchange says what its phone cannot read"),
                    }
                }
                Ok(()) = changes.changed() => self.look(),
                Ok(()) = ending.changed(), if !ends => {}
                () = tokio::time::sleep_until(due.into()) => self.line.handle_timeout(Instant::now()),
            }
            // One that is answered only now is shown since before.
            if self.talks != self.line.talks() {
                self.look();
            }
        }
    }

    fn note_calls(&self) {
        let there = self.line.calls() > 0;
        self.has_calls.send_if_modified(|before| std::mem::replace(before, there) != there);
    }

    /// A tab said something, or (`None`) is gone.
    async fn wished(&mut self, tab: u64, wish: Option<ToServer>) {
        let now = Instant::now();
        match wish {
            None => self.gone(tab, now),
            Some(ToServer::Hello { take, token }) => {
                let fresh = format!("{:032x}", rand::rng().random::<u128>());
                match self.holding.ask(tab, take, token.as_deref(), self.line.calls() > 0, fresh) {
                    None => self.tell_taken(tab),
                    Some(Taken { token, before }) => {
                        let holds = ToBrowser::Holds { token: token.to_owned() };
                        if let Some(before) = before {
                            self.tell_taken(before);
                            self.line.lost(now);
                        }
                        self.tell(tab, holds);
                        self.look_at_terms().await;
                        self.line.browser(ToServer::Hello { take, token: None }, now);
                    }
                }
            }
            Some(wish) if self.holding.tab() == Some(tab) => self.line.browser(wish, now),
            // It does not hold the phone.
            Some(_) => {}
        }
    }

    /// Something happened to calls: what the exchange alone knows of ours is looked at.
    fn look(&mut self) {
        self.talks = self.line.talks();
        self.line.look(self.shared.handle.feed());
    }

    /// Tells the tabs that do not hold the phone with whom the one that does has calls, when that is news.
    fn tell_others(&mut self) {
        let with = self.line.with();
        if with == self.told_others {
            return;
        }
        self.told_others.clone_from(&with);
        let others: Vec<u64> =
            self.tabs.iter().map(|(tab, _)| *tab).filter(|tab| self.holding.tab() != Some(*tab)).collect();
        for tab in others {
            self.tell(tab, ToBrowser::CallsElsewhere { with: with.clone() });
        }
    }

    /// A tab does not hold the phone: it is told so, and what goes on there.
    fn tell_taken(&mut self, tab: u64) {
        self.tell(tab, ToBrowser::TakenElsewhere);
        self.tell(tab, ToBrowser::CallsElsewhere { with: self.line.with() });
    }

    /// Whether the account may record may be otherwise than when the line began.
    async fn look_at_terms(&mut self) {
        let may = timeout(RECORDS_ANSWER, may_record(&self.shared.store, self.account)).await;
        // Where the records cannot be asked it stays as it was: the exchange asks once more before it records.
        if let Ok(Ok(may)) = may {
            self.line.allow_recording(may);
        }
    }

    /// Keeps whether calls are let through: it outlives the browser, and the server.
    async fn keep_quiet(&mut self, on: bool) {
        let accounts = self.shared.store.accounts();
        let error = match timeout(RECORDS_ANSWER, accounts.keep_do_not_disturb(self.account, on)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the records do not answer".to_owned(),
        };
        tracing::error!(error, "it is not kept whether somebody is to be disturbed");
        if let Some(holder) = self.holding.tab() {
            let (wish, words) = (Some(WishKind::DoNotDisturb), NOT_KEPT.to_owned());
            self.tell(holder, ToBrowser::Refused { call: None, wish, words });
        }
    }

    fn gone(&mut self, tab: u64, now: Instant) {
        self.tabs.retain(|(number, _)| *number != tab);
        if self.holding.gone(tab) {
            self.line.lost(now);
        }
    }

    fn tell(&mut self, tab: u64, fact: ToBrowser) {
        let there = self.tabs.iter().find(|(number, _)| *number == tab);
        if there.is_some_and(|(_, there)| there.facts.try_send(fact).is_err()) {
            self.gone(tab, Instant::now());
        }
    }

    /// Does what the line wants.
    async fn perform(&mut self, socket: &WebSocket) {
        while let Some(output) = self.line.poll() {
            match output {
                Output::Send(bytes) => {
                    if socket.receive(bytes).await.is_err() {
                        self.line.flow_failed(Instant::now());
                    }
                }
                Output::Browser(fact) => {
                    if let Some(holder) = self.holding.tab() {
                        self.tell(holder, fact);
                    }
                }
                Output::Record { leg, wish } => {
                    let wish = match wish {
                        RecordWish::Start => Wish::Start,
                        RecordWish::Stop => Wish::Stop,
                        RecordWish::Pause => Wish::Pause,
                        RecordWish::Resume => Wish::Resume,
                    };
                    self.shared.handle.command(Command::RecordLeg { tag: leg, wish });
                }
                Output::DoNotDisturb(on) => {
                    self.shared.handle.feed().show_quiet(self.account, on);
                    self.keep_quiet(on).await;
                }
            }
        }
    }
}

/// The next thing that one of the tabs says; `None`: it is gone.
async fn wish(tabs: &mut [(u64, Tab)]) -> (u64, Option<ToServer>) {
    poll_fn(|context| {
        for (number, tab) in tabs.iter_mut() {
            if let Poll::Ready(wish) = tab.wishes.poll_recv(context) {
                return Poll::Ready((*number, wish));
            }
        }
        Poll::Pending
    })
    .await
}
