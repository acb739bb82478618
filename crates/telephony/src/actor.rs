//! The shell around the exchange: it reads the sockets and the clock, asks the directory, and has records written.
//!
//! One task owns the [`Exchange`]. What takes time is done elsewhere and comes back as an event: the directory's answers in
//! tasks of their own, records in [`crate::records`], media on their own threads.

use std::{
    io,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use rand::{SeedableRng as _, rngs::StdRng};
use tandem_domain::ids::Timestamp;
use tandem_media::Engine;
use tandem_sip::transport::{Incoming, Transports};
use tandem_store::Store;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    directory::{self, Answer, store::Outside},
    exchange::{Command, Counts, Exchange, Input, Media, Now, Output, QuestionId, RecordingNote, Settings},
    feed::Feed,
    ids::LegId,
    levels::Levels,
    prompt::Voices,
    records::{self, Record, Writer},
    registrar::Binding,
    trace::{Tracer, Way},
};

/// Messages that are handled before the exchange's outputs are looked at.
const AT_ONCE: usize = 64;
/// Messages that may wait for the exchange: a quarter of a second of a thousand call set-ups a second.
pub const BACKLOG: usize = 4096;
/// How long nothing may be due before the task looks at the clock again.
const LONG: Duration = Duration::from_secs(3600);
/// How long calls that have been told to end may take: media close, recordings are finished. What their BYEs are answered is of
/// no more use.
const ENDING: Duration = Duration::from_secs(2);
/// How often the counts are told.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// The clock on the wall.
pub type Wall = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock that never jumps, for time-outs.
pub type Steady = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Who keeps recordings: is told their state at every change. It must not block.
pub type Keeper = Arc<dyn Fn(RecordingNote) + Send + Sync>;

/// What the exchange is made of.
pub struct Parts {
    /// What it is told.
    pub settings: Settings,
    /// Where calls to outside go.
    pub outside: Outside,
    /// What it says.
    pub voices: Voices,
    /// The records.
    pub store: Store,
    /// Who keeps recordings.
    pub keeper: Keeper,
    /// The clock on the wall.
    pub wall: Wall,
    /// The clock that never jumps.
    pub steady: Steady,
    /// The sockets.
    pub transports: Transports,
    /// What comes from them.
    pub incoming: mpsc::Receiver<Incoming>,
    /// Media.
    pub engine: Arc<Engine>,
    /// What comes from media.
    pub media_events: mpsc::UnboundedReceiver<tandem_media::Event>,
}

/// The running exchange, for everybody else. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    feed: Feed,
    commands: mpsc::UnboundedSender<Command>,
    counts: watch::Receiver<Counts>,
    /// Not kept alive by whoever looks: its end is the exchange's to decide.
    engine: Weak<Engine>,
}

impl Handle {
    /// What is going on.
    #[must_use]
    pub const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Asks for something. It is done soon, unless the exchange has ended.
    pub fn command(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    /// A look at how loud people speak.
    #[must_use]
    pub fn levels(&self) -> Levels {
        Levels::new(self.feed.clone(), self.engine.clone())
    }

    /// How much there is, not older than a second.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.counts.borrow()
    }
}

/// The exchange's task, to be ended with care.
#[derive(Debug)]
pub struct Running {
    stop: oneshot::Sender<Duration>,
    task: JoinHandle<()>,
}

impl Running {
    /// Takes no more calls, lets those that go on end by themselves for as long as `grace`, then ends them; what is to be
    /// written is written before this returns.
    pub async fn stop(self, grace: Duration) {
        let _ = self.stop.send(grace);
        let _ = self.task.await;
    }

    /// Waits for its end, which nobody has asked for: a fault of ours, after which no call can be made any more.
    pub async fn failed(&mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Media for Arc<Engine> {
    fn open(&self, leg: LegId, local: std::net::IpAddr) -> Result<std::net::SocketAddr, tandem_media::OpenError> {
        Engine::open(self, leg, local)
    }

    fn open_browser(&self, leg: LegId) -> Result<tandem_media::Local, tandem_media::OpenError> {
        Engine::open_browser(self, leg)
    }

    fn restart_ice(&self, leg: LegId) -> Option<tandem_media::Local> {
        Engine::restart_ice(self, leg)
    }

    fn describe(&self, leg: LegId, description: tandem_media::Description) {
        Engine::describe(self, leg, description);
    }

    fn route(&self, rows: Vec<(LegId, tandem_media::Hears)>) {
        Engine::route(self, rows);
    }

    fn record(&self, leg: LegId, file: std::path::PathBuf) -> Result<(), tandem_media::OpenError> {
        Engine::record(self, leg, file)
    }

    fn codes(&self, leg: LegId, codes: Vec<String>) {
        Engine::codes(self, leg, codes);
    }

    fn balance(&self, leg: LegId, gains: Vec<(LegId, u16)>) {
        Engine::balance(self, leg, gains);
    }

    fn press(&self, leg: LegId, digit: tandem_media::Digit) {
        Engine::press(self, leg, digit);
    }

    fn digits(&self, leg: LegId, digits: tandem_media::Digits) {
        Engine::digits(self, leg, digits);
    }

    fn overlay(&self, leg: LegId, clip: tandem_media::Clip) {
        Engine::overlay(self, leg, clip);
    }

    fn close(&self, leg: LegId) {
        Engine::close(self, leg);
    }
}

/// Starts media, and gives what comes from them.
///
/// # Errors
/// As [`Engine::start`].
pub fn engine(config: tandem_media::Config) -> io::Result<(Arc<Engine>, mpsc::UnboundedReceiver<tandem_media::Event>)> {
    let (events, told) = mpsc::unbounded_channel();
    let engine = Engine::start(
        config,
        Box::new(move |event| {
            // Nobody listens any more when the exchange has ended.
            let _ = events.send(event);
        }),
    )?;
    Ok((Arc::new(engine), told))
}

/// Starts the exchange with the phones `known` from before.
#[must_use]
pub fn start(parts: Parts, known: Vec<Binding>) -> (Handle, Running) {
    let feed = Feed::default();
    let (commands, asked) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel();
    let (counts, seen) = watch::channel(Counts::default());
    let Parts { settings, outside, voices, store, keeper, wall, steady, transports, incoming, engine, media_events } =
        parts;
    let sound = Arc::downgrade(&engine);
    let mut exchange = Exchange::new(settings, engine, voices, feed.clone(), StdRng::from_os_rng(), steady());
    exchange.allow_streams(transports.is_reached_by_both());
    let (answers, answered) = mpsc::unbounded_channel();
    let actor = Actor {
        exchange,
        transports,
        writer: records::start(store.clone(), feed.clone(), wall.clone()),
        store,
        outside,
        keeper,
        wall,
        steady,
        tracer: Tracer::default(),
        answers,
        counts,
    };
    let _ = commands.send(Command::Restore(known));
    let _ = commands.send(Command::Begin);
    let sources = Sources { incoming, media_events, answered, asked, stopped };
    let task = tokio::spawn(actor.run(sources));
    (Handle { feed, commands, counts: seen, engine: sound }, Running { stop, task })
}

/// Everything that the task waits for.
struct Sources {
    incoming: mpsc::Receiver<Incoming>,
    media_events: mpsc::UnboundedReceiver<tandem_media::Event>,
    answered: mpsc::UnboundedReceiver<(QuestionId, Answer)>,
    asked: mpsc::UnboundedReceiver<Command>,
    stopped: oneshot::Receiver<Duration>,
}

/// How far the program's end has come.
enum Stage {
    Serving,
    /// No new calls; those that go on have until then.
    Draining {
        until: Instant,
    },
    /// All calls have been told to end.
    Ending {
        until: Instant,
    },
}

impl Stage {
    const fn until(&self) -> Option<Instant> {
        match self {
            Self::Serving => None,
            Self::Draining { until } | Self::Ending { until } => Some(*until),
        }
    }
}

struct Actor {
    exchange: Exchange<Arc<Engine>>,
    transports: Transports,
    writer: Writer,
    store: Store,
    outside: Outside,
    keeper: Keeper,
    wall: Wall,
    steady: Steady,
    tracer: Tracer,
    answers: mpsc::UnboundedSender<(QuestionId, Answer)>,
    counts: watch::Sender<Counts>,
}

impl Actor {
    async fn run(mut self, mut sources: Sources) {
        let mut stage = Stage::Serving;
        // When the counts are told again; `None` while nothing has happened since they were.
        let mut count_at = None;
        let mut batch = Vec::with_capacity(AT_ONCE);
        let mut rights = self.store.rights().follow();
        while !self.is_over(&mut stage) {
            let wake = [self.exchange.next_timeout(), stage.until(), count_at].into_iter().flatten().min();
            let pause = wake.map_or(LONG, |wake| wake.saturating_duration_since((self.steady)()));
            tokio::select! {
                biased;
                grace = &mut sources.stopped, if matches!(stage, Stage::Serving) => {
                    stage = Stage::Draining { until: (self.steady)() + grace.unwrap_or_default() };
                    self.input(Input::Command(Command::Drain));
                }
                Some(event) = sources.media_events.recv() => self.input(Input::Media(event)),
                Some((id, answer)) = sources.answered.recv() => self.input(Input::Answer(id, answer)),
                Some(command) = sources.asked.recv() => self.input(Input::Command(command)),
                () = rights.next() => self.input(Input::Command(Command::RightsChanged)),
                got = sources.incoming.recv_many(&mut batch, AT_ONCE) => {
                    if got == 0 {
                        break;
                    }
                    for incoming in batch.drain(..) {
                        self.arrived(incoming);
                    }
                }
                () = tokio::time::sleep(pause) => {}
            }
            self.exchange.handle_timeout(self.now());
            self.perform();
            self.publish_counts(&mut count_at);
        }
        self.finish().await;
    }

    /// Tells how much goes on, now and then.
    fn publish_counts(&self, count_at: &mut Option<Instant>) {
        let now = self.now();
        if count_at.is_none_or(|at| now.instant >= at) {
            self.counts.send_replace(self.exchange.counts(now));
            *count_at = count_at.is_none().then(|| now.instant + COUNT_EVERY);
        }
    }

    /// Whether nothing keeps the exchange from ending. Calls that go on when the grace is over are ended; and what does not end
    /// even then is not waited for.
    fn is_over(&mut self, stage: &mut Stage) -> bool {
        let Some(until) = stage.until() else { return false };
        let now = self.now();
        let Counts { calls, drafts, recordings, .. } = self.exchange.counts(now);
        let is_quiet = calls == 0 && drafts == 0 && recordings == 0;
        let has_time = now.instant < until;
        match stage {
            Stage::Draining { .. } if !is_quiet && !has_time => {
                self.input(Input::Command(Command::EndAll));
                self.perform();
                *stage = Stage::Ending { until: now.instant + ENDING };
                false
            }
            Stage::Serving | Stage::Draining { .. } | Stage::Ending { .. } => is_quiet || !has_time,
        }
    }

    /// Keeps what is known of what goes on still.
    async fn finish(mut self) {
        // Calls for help begin until the end.
        self.input(Input::Command(Command::EndAll));
        self.exchange.finish_drafts();
        self.exchange.finish_tapes(self.now());
        self.perform();
        self.writer.finish().await;
        self.transports.close().await;
    }

    fn now(&self) -> Now {
        Now { instant: (self.steady)(), wall: (self.wall)() }
    }

    fn input(&mut self, input: Input) {
        let now = self.now();
        self.exchange.handle(now, input);
    }

    fn arrived(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Message { flow, message, raw } => {
                self.tracer.message((self.wall)(), flow, Way::In, &raw);
                self.input(match message {
                    Ok(message) => Input::Sip { flow, message },
                    Err(malformed) => Input::Malformed { flow, malformed },
                });
            }
            Incoming::Failed { flow } => self.input(Input::SipFailed { flow }),
        }
    }

    /// Does what the exchange wants.
    fn perform(&mut self) {
        while let Some(output) = self.exchange.poll() {
            match output {
                Output::Send { flow, bytes } => {
                    self.tracer.message((self.wall)(), flow, Way::Out, &bytes);
                    self.transports.send(flow, bytes);
                }
                Output::Ask(id, question) => self.ask(id, question),
                Output::Keep(xdr) => self.writer.write(Record::Xdr(xdr)),
                Output::Open(xdr) => self.writer.write(Record::Open(xdr)),
                Output::Note(note) => self.writer.write(Record::Supervision(note)),
                Output::Recording(note) => (self.keeper)(*note),
                Output::Binding(change) => {
                    let now = self.now();
                    self.writer.write(records::of_binding(now, *change));
                }
                Output::Belongs { sip_call_id, call } => self.tracer.belongs(sip_call_id, call),
            }
        }
        for line in self.tracer.take() {
            self.writer.write(Record::Sip(Box::new(line)));
        }
    }

    fn ask(&self, id: QuestionId, question: directory::Question) {
        let (store, outside, now) = (self.store.clone(), self.outside, (self.wall)());
        let waiting = Waiting { id, answers: self.answers.clone(), answer: Answer::Unavailable };
        tokio::spawn(async move {
            waiting.end(directory::store::answer(&store, outside, now, question).await);
        });
    }
}

/// A question that is being answered. It is, whatever happens to the task: a call that waits for ever would count for ever.
struct Waiting {
    id: QuestionId,
    answers: mpsc::UnboundedSender<(QuestionId, Answer)>,
    answer: Answer,
}

impl Waiting {
    fn end(mut self, answer: Answer) {
        self.answer = answer;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let answer = std::mem::replace(&mut self.answer, Answer::Unavailable);
        // Nobody listens any more when the exchange has ended.
        let _ = self.answers.send((self.id, answer));
    }
}
