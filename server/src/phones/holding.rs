//! Which tab holds the phone?
//!
//! A live call with an open microphone must never come to a machine that nobody sits at: only who shows that it held the phone last
//! gets it without a person's wish.

/// Who holds the phone of one line, or held it last.
#[derive(Debug, Default)]
pub(super) struct Holding {
    /// The tab, as long as it is there.
    tab: Option<u64>,
    /// What that tab, or the last one, was given; `None`: nobody has held the phone yet.
    token: Option<String>,
}

/// A tab has got the phone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken<'a> {
    /// By what it is known when it comes back.
    pub(super) token: &'a str,
    /// From another tab, which was still there.
    pub(super) before: Option<u64>,
}

impl Holding {
    /// The tab that holds the phone.
    pub(super) const fn tab(&self) -> Option<u64> {
        self.tab
    }

    /// A tab asks for the phone: by a person's wish (`take`), with what it was `shown` as the holder, or as whoever comes first.
    /// `None`: another one has it, or may come back to its calls. `fresh` becomes the token of a tab that did not have it before.
    pub(super) fn ask(
        &mut self,
        tab: u64,
        take: bool,
        shown: Option<&str>,
        calls: bool,
        fresh: String,
    ) -> Option<Taken<'_>> {
        let comes_back = self.tab == Some(tab) || shown.is_some() && shown == self.token.as_deref();
        let is_free = self.tab.is_none() && (self.token.is_none() || !calls);
        if !comes_back && !take && !is_free {
            return None;
        }
        // Who comes back keeps its token: it may not hear of another one, should the stream break at this moment.
        let token = self.token.take().filter(|_| comes_back).unwrap_or(fresh);
        let before = self.tab.replace(tab).filter(|before| *before != tab);
        Some(Taken { token: self.token.insert(token), before })
    }

    /// A tab is gone; tells whether it held the phone.
    pub(super) fn gone(&mut self, tab: u64) -> bool {
        self.tab.take_if(|holder| *holder == tab).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tab asks, in the middle of a call; tells its token, and from whom it got the phone.
    fn ask(holding: &mut Holding, tab: u64, take: bool, shown: Option<&str>) -> Option<(String, Option<u64>)> {
        let taken = holding.ask(tab, take, shown, true, format!("token {tab}"))?;
        Some((taken.token.to_owned(), taken.before))
    }

    fn held(token: &str, before: Option<u64>) -> Option<(String, Option<u64>)> {
        Some((token.to_owned(), before))
    }

    #[test]
    fn a_holder_that_returns_after_somebody_else_took_the_phone_does_not_get_it() {
        let mut holding = Holding::default();
        assert_eq!(ask(&mut holding, 1, false, None), held("token 1", None));
        // The laptop's stream breaks, and its person goes on at a desk, by a wish.
        assert!(holding.gone(1));
        assert_eq!(ask(&mut holding, 2, false, None), None, "a call goes on that is not this tab's");
        assert_eq!(ask(&mut holding, 2, true, None), held("token 2", None));
        // The laptop is back.
        assert_eq!(ask(&mut holding, 3, false, Some("token 1")), None);
        assert_eq!(holding.tab(), Some(2));
        // Also while the desk's stream is broken for a moment.
        assert!(holding.gone(2));
        assert_eq!(ask(&mut holding, 4, false, Some("token 1")), None);
        assert_eq!(ask(&mut holding, 5, false, Some("token 2")), held("token 2", None));
    }

    #[test]
    fn who_comes_back_gets_the_phone_from_the_stream_that_it_had() {
        let mut holding = Holding::default();
        ask(&mut holding, 1, false, None);
        // The server has not noticed yet that the page was loaded anew.
        assert_eq!(ask(&mut holding, 2, false, Some("token 1")), held("token 1", Some(1)));
        assert!(!holding.gone(1), "that it is gone means nothing any more");
        assert_eq!(holding.tab(), Some(2));
        assert_eq!(ask(&mut holding, 2, false, None), held("token 1", None), "it asks once more");
    }

    #[test]
    fn whom_nobody_knows_gets_a_phone_that_nobody_has() {
        let mut holding = Holding::default();
        // The server has begun anew since.
        assert_eq!(ask(&mut holding, 1, false, Some("of another time")), held("token 1", None));
        assert_eq!(ask(&mut holding, 2, false, Some("of another time")), None);
        assert!(holding.gone(1));
        let taken = holding.ask(2, false, None, false, "token 2".into());
        assert_eq!(taken, Some(Taken { token: "token 2", before: None }), "there is no call that could be taken");
    }
}
