//! Who is it, and what do they talk about?

/// What a client calls about: a file of `media/voice/dialogues`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialogue {
    /// The office has no internet.
    InternetDown,
    /// An invoice is higher than usual.
    InvoiceQuestion,
    /// A desk phone is to be connected.
    NewPhone,
    /// A company moves with its number.
    NumberPorting,
}

impl Dialogue {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::InternetDown, Self::InvoiceQuestion, Self::NewPhone, Self::NumberPorting];

    /// The track of one side, as a WAV file.
    pub(crate) const fn wav(self, side: Side) -> &'static [u8] {
        macro_rules! tracks {
            ($name:literal) => {
                match side {
                    Side::Client => include_bytes!(concat!("../../media/voice/dialogues/", $name, "-client.wav")),
                    Side::Agent => include_bytes!(concat!("../../media/voice/dialogues/", $name, "-agent.wav")),
                }
            };
        }
        match self {
            Self::InternetDown => tracks!("internet_down"),
            Self::InvoiceQuestion => tracks!("invoice_question"),
            Self::NewPhone => tracks!("new_phone"),
            Self::NumberPorting => tracks!("number_porting"),
        }
    }
}

/// Whose words of a dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Who calls.
    Client,
    /// Who answers.
    Agent,
}

/// An agent of *Support* (DESIGN "Demo data").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The SIP user.
    pub user: &'static str,
    /// What the agent says to a caller who is none of [`CALLERS`]: something in the agent's own voice.
    pub usual: Dialogue,
}

/// The password of all phones of the demonstration.
pub const PASSWORD: &str = "tandem-demo";

/// John and Olivia.
pub const AGENTS: [Person; 2] =
    [Person { user: "abc744", usual: Dialogue::NewPhone }, Person { user: "abc745", usual: Dialogue::InvoiceQuestion }];

/// The public number of *Support*.
pub const SUPPORT: &str = "+3225550700";

/// Somebody who calls *Support*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// In E.164. All are of the ranges that regulators keep free for films and books.
    pub number: &'static str,
    /// The name that is shown.
    pub name: &'static str,
    /// What about.
    pub dialogue: Dialogue,
}

/// Everybody who calls. Names and countries fit the voices.
pub const CALLERS: [Caller; 12] = {
    use Dialogue::{InternetDown, InvoiceQuestion, NewPhone, NumberPorting};
    const fn caller(number: &'static str, name: &'static str, dialogue: Dialogue) -> Caller {
        Caller { number, name, dialogue }
    }
    [
        caller("+12125550147", "Grace Miller", InternetDown),
        caller("+441314960382", "Callum Fraser", InvoiceQuestion),
        caller("+442079460118", "Emma Clarke", NewPhone),
        caller("+13125550172", "Daniel Brooks", NumberPorting),
        caller("+14155550126", "Sofia Ramirez", InternetDown),
        caller("+441414960517", "Ewan Murray", InvoiceQuestion),
        caller("+441174960233", "Chloe Bennett", NewPhone),
        caller("+16175550193", "Marcus Reed", NumberPorting),
        caller("+12065550158", "Hannah Olsen", InternetDown),
        caller("+441314960871", "Murdo's Bakery", InvoiceQuestion),
        caller("+61255501964", "Ruby Thompson", NewPhone),
        caller("+15125550111", "Austin Print Shop", NumberPorting),
    ]
};

/// What a caller of this number calls about; `None` when it is none of [`CALLERS`].
#[must_use]
pub fn dialogue_of(number: &str) -> Option<Dialogue> {
    CALLERS.iter().find(|caller| caller.number == number).map(|caller| caller.dialogue)
}
