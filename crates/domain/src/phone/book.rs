//! Whom can the phone call? The company's people and whoever was called or called before, found while somebody types.
//!
//! All of it is looked up in what the browser already holds, so that nobody who types waits for the network.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::Who;
use crate::{ids::CallId, list::search_words};

/// The most people of a company that a browser holds. Of larger companies the others are asked for while somebody types.
pub const CONTACTS_MAX: u32 = 500;
/// The most people who are offered at one time.
pub const OFFERED_MAX: usize = 8;
/// Fewer digits than these are looked for at the beginning of numbers alone: one figure is in nearly each of them.
const INSIDE: usize = 3;

/// Whom somebody may want to call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneBook {
    /// People of the company, by extension.
    pub contacts: Vec<Who>,
    /// These are all of them.
    pub complete: bool,
    /// One's own calls that are over, the newest first.
    pub calls: Vec<PastCall>,
}

/// A call that is over, as the phone shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastCall {
    /// The call.
    pub call: CallId,
    /// Who was at the other end, by the number that calls them again.
    pub with: Who,
    /// How it came about.
    pub way: Way,
    /// When, in the reader's words.
    pub when: String,
    /// How long it was talked, in words; empty if it was not.
    pub talked: String,
}

/// How a call that is over came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// One's own call.
    Outgoing,
    /// Somebody's call that was answered.
    Incoming,
    /// Somebody's call that nobody answered.
    Missed,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Outgoing, Self::Incoming, Self::Missed];

    /// The word in the interface.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Outgoing => "Outgoing",
            Self::Incoming => "Incoming",
            Self::Missed => "Missed",
        }
    }
}

/// Why what was typed cannot be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoNumber {
    /// Nothing was typed.
    #[error("Type a number or a name first.")]
    Nothing,
    /// It is a name that nobody has.
    #[error("Nobody of this name is known. Type the number.")]
    Nobody,
    /// It is the beginning of more than one name.
    #[error("Several people match. Choose one from the list.")]
    Several,
}

impl PhoneBook {
    /// Who matches what was typed: those whose number it is, then those whose name it begins or whose number has it; each number
    /// once, [`OFFERED_MAX`] at most. With nothing typed it is those with whom there were calls last.
    #[must_use]
    pub fn find(&self, typed: &str) -> Vec<Who> {
        let (digits, words) = (dialled(typed), search_words(typed));
        let exact = |who: &&Who| !digits.is_empty() && who.number == digits;
        let matches = |who: &&Who| has_number(who, &digits) || has_name(who, &words);
        // A name from the company's own records is better than none in a call's.
        let of_calls = self.calls.iter().map(|call| &call.with);
        let known = || self.contacts.iter().chain(self.calls.iter().map(|call| &call.with));
        let mut numbers = HashSet::new();
        let mut once = |who: &&Who| !who.number.is_empty() && numbers.insert(who.number.clone());
        if typed.trim().is_empty() {
            return of_calls.filter(&mut once).take(OFFERED_MAX).map(|who| self.named(who)).collect();
        }
        let found = known().filter(exact).chain(known().filter(matches)).filter(&mut once);
        found.take(OFFERED_MAX).map(|who| self.named(who)).collect()
    }

    /// The number to call for what was typed: itself, or that of the only person of this name.
    ///
    /// # Errors
    /// [`NoNumber`], in words.
    pub fn number_of(&self, typed: &str) -> Result<String, NoNumber> {
        let typed = typed.trim();
        if !typed.chars().any(char::is_alphabetic) {
            let number = dialled(typed);
            return if number.is_empty() { Err(NoNumber::Nothing) } else { Ok(number) };
        }
        let mut found = self.find(typed).into_iter();
        match (found.next(), found.next()) {
            (None, _) => Err(NoNumber::Nobody),
            (Some(who), None) => Ok(who.number),
            (Some(_), Some(_)) => Err(NoNumber::Several),
        }
    }

    /// The name of whoever has a number; empty if it is not known.
    #[must_use]
    pub fn name_of(&self, number: &str) -> &str {
        let known = self.contacts.iter().chain(self.calls.iter().map(|call| &call.with));
        known
            .filter(|who| who.number == number && !who.name.is_empty())
            .map(|who| &*who.name)
            .next()
            .unwrap_or_default()
    }

    /// Takes people into the book who were asked for besides.
    pub fn learn(&mut self, people: Vec<Who>) {
        for who in people {
            if !self.contacts.iter().any(|known| known.number == who.number) {
                self.contacts.push(who);
            }
        }
    }

    fn named(&self, who: &Who) -> Who {
        let name = if who.name.is_empty() { self.name_of(&who.number) } else { &who.name };
        Who { number: who.number.clone(), name: name.to_owned() }
    }
}

impl PastCall {
    /// Whether it matches what was typed: a name, a number, or the word for how it came about.
    #[must_use]
    pub fn matches(&self, typed: &str) -> bool {
        let words = search_words(typed);
        let way = || words.iter().all(|word| self.way.label().to_ascii_lowercase().starts_with(word.as_str()));
        typed.trim().is_empty()
            || has_number(&self.with, &dialled(typed))
            || has_name(&self.with, &words)
            || (!words.is_empty() && way())
    }
}

/// What of a text would be dialled: without what only makes it readable.
fn dialled(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '-' | '.' | '/')).collect()
}

fn has_number(who: &Who, digits: &str) -> bool {
    !digits.is_empty()
        && (who.number.starts_with(digits) || (digits.chars().count() >= INSIDE && who.number.contains(digits)))
}

fn has_name(who: &Who, words: &[String]) -> bool {
    let known = search_words(&who.name);
    !words.is_empty() && words.iter().all(|word| known.iter().any(|known| known.starts_with(word.as_str())))
}
