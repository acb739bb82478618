//! What a page shows: the answers of server functions.
//!
//! A page names the call, [`load`] keeps its answer, [`loaded`] shows it. Between the two an answer is JSON text without a
//! type, so that the resource, its task and its place on the page are compiled once, not once for every kind of answer. What
//! a new kind adds to the WebAssembly is how its call is written and how its text is read.

use std::{convert::Infallible, fmt, marker::PhantomData, str::FromStr, sync::Arc};

use leptos::{prelude::*, server::codee::string::FromToStringCodec, server_fn::ServerFn};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    context::{Refresh, use_refresh},
    error::AppError,
    reading::{self, from_json},
};

/// The one resource of all pages. In the page an answer stands as its text.
type AnswerResource = Resource<Answer, FromToStringCodec>;

/// A page's data: what a server function answered, a `T`.
pub struct Data<T> {
    answer: AnswerResource,
    /// How many calls are on their way; on the server none ever is, since it waits for them.
    waits: RwSignal<u32>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Data<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Data<T> {}

impl<T: DeserializeOwned> Data<T> {
    /// Waits for the answer and reads it.
    ///
    /// # Errors
    /// What the server function refused, or why there is no answer.
    pub async fn get(self) -> Result<T, AppError> {
        self.answer.await.read()
    }

    /// Whether it is being loaded anew. Not told by `Transition`'s `set_pending`: on the server that writes a signal on another
    /// thread while the page reads it, and reading while somebody writes counts as reading what is disposed of.
    pub fn waits(self) -> bool {
        self.waits.get() > 0
    }
}

/// Loads data by a server function, and again whenever what the call is made of changes or a post was done. Where the call
/// cannot be made, the reason is the answer.
pub fn load<F>(call: impl Fn() -> Result<F, AppError> + Send + Sync + 'static) -> Data<F::Output>
where
    F: ServerFn<Error = AppError> + Serialize + 'static,
    F::Output: Serialize,
{
    load_live(use_refresh(), call)
}

/// Loads data that follows what happens: [`live`](crate::live::live) gives the counter. What comes by itself is not shown as
/// waiting.
pub fn load_live<F>(refresh: Refresh, call: impl Fn() -> Result<F, AppError> + Send + Sync + 'static) -> Data<F::Output>
where
    F: ServerFn<Error = AppError> + Serialize + 'static,
    F::Output: Serialize,
{
    let waits = RwSignal::new(0);
    Data { answer: answering::answer(call, refresh, waits), waits, of: PhantomData }
}

/// Shows loaded data: a skeleton while it is on its way for the first time, the old data while it is loaded anew, an error
/// page with its HTTP status if it cannot be had.
pub fn loaded<T>(data: Data<T>, view: impl Fn(T) -> AnyView + Send + Sync + 'static) -> AnyView
where
    T: DeserializeOwned + 'static,
{
    shown(data.answer, Arc::new(move |answer| answer.read().map(&view)))
}

fn shown(answer: AnswerResource, view: Arc<dyn Fn(Answer) -> Result<AnyView, AppError> + Send + Sync>) -> AnyView {
    let content = move || {
        let view = Arc::clone(&view);
        Suspend::new(async move { view(answer.await).unwrap_or_else(|error| crate::pages::errors::error_page(&error)) })
    };
    view! { <Transition fallback=|| view! { <crate::ui::layout::Skeleton /> }>{content}</Transition> }.into_any()
}

/// On the server the server function itself is called.
#[cfg(feature = "ssr")]
mod answering {
    use leptos::{prelude::*, server_fn::ServerFn};
    use serde::Serialize;

    use super::{Answer, AnswerResource};
    use crate::{context::Refresh, error::AppError, server::ask::internal};

    pub(super) fn answer<F>(
        call: impl Fn() -> Result<F, AppError> + Send + Sync + 'static,
        _refresh: Refresh,
        _waits: RwSignal<u32>,
    ) -> AnswerResource
    where
        F: ServerFn<Error = AppError> + 'static,
        F::Output: Serialize,
    {
        let run = move |()| {
            let call = untrack(&call);
            async move { Answer(text(call).await) }
        };
        Resource::new_str(|| (), run)
    }

    async fn text<F>(call: Result<F, AppError>) -> Result<std::sync::Arc<str>, AppError>
    where
        F: ServerFn<Error = AppError>,
        F::Output: Serialize,
    {
        let answer = call?.run_body().await?;
        serde_json::to_string(&answer).map(Into::into).map_err(|error| internal(&error))
    }
}

/// In the browser the call goes over the wire.
#[cfg(not(feature = "ssr"))]
mod answering {
    use leptos::{__reexports::send_wrapper::SendWrapper, prelude::*, server_fn::ServerFn};
    use serde::Serialize;

    use super::{Answer, AnswerResource};
    use crate::{context::Refresh, error::AppError, ui::submit};

    /// A call as it travels; two equal ones are one.
    #[derive(Clone, PartialEq)]
    struct Wire {
        to: &'static str,
        body: String,
    }

    type Call = Box<dyn Fn() -> Result<Wire, AppError> + Send + Sync>;

    pub(super) fn answer<F>(
        call: impl Fn() -> Result<F, AppError> + Send + Sync + 'static,
        refresh: Refresh,
        waits: RwSignal<u32>,
    ) -> AnswerResource
    where
        F: ServerFn<Error = AppError> + Serialize + 'static,
    {
        let call = move || {
            // The encoding that server functions read: https://docs.rs/server_fn, `codec::PostUrl`.
            let body = serde_qs::to_string(&call()?).map_err(|error| AppError::Unreadable(error.to_string()))?;
            Ok(Wire { to: F::PATH, body })
        };
        fetched(Box::new(call), refresh, waits)
    }

    fn fetched(call: Call, refresh: Refresh, waits: RwSignal<u32>) -> AnswerResource {
        let last = StoredValue::new(None::<(Result<Wire, AppError>, Answer)>);
        let source = move || (call(), refresh.times());
        Resource::new_str(source, move |(call, _)| {
            // The same call again is one that nobody waits for, where the page follows what happens.
            let known = last.try_get_value().flatten().filter(|(of, _)| refresh.is_part() && *of == call);
            SendWrapper::new(async move {
                let waiting = known.is_none().then(|| Waiting::begin(waits));
                let answer = loop {
                    let times = refresh.times_until_now();
                    let answer = match &call {
                        Ok(Wire { to, body }) => Answer(submit::ask(to, body).await.map(Into::into)),
                        Err(error) => Answer(Err(error.clone())),
                    };
                    // What was asked before a post was done may be what was before it.
                    if refresh.is_part() || refresh.times_until_now() == times {
                        break answer;
                    }
                };
                drop(waiting);
                match (known, &answer.0) {
                    // A call that is over has no record for a moment, and a server may be away for one: what was there stays.
                    (Some((_, known)), Err(AppError::NotFound(_) | AppError::Unreachable)) => known,
                    _ => {
                        last.try_set_value(Some((call, answer.clone())));
                        answer
                    }
                }
            })
        })
    }

    /// Counts as one that waits while it is there, however its call ends. The page may be gone by then.
    struct Waiting(RwSignal<u32>);

    impl Waiting {
        fn begin(waits: RwSignal<u32>) -> Self {
            waits.try_update(|waits| *waits += 1);
            Self(waits)
        }
    }

    impl Drop for Waiting {
        fn drop(&mut self) {
            self.0.try_update(|waits| *waits -= 1);
        }
    }
}

/// What was answered: JSON text, or why there is none. In the page it stands as it is, an error as JSON behind `!`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer(Result<Arc<str>, AppError>);

impl Answer {
    fn read<T: DeserializeOwned>(self) -> Result<T, AppError> {
        from_json(&self.0?).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &reading::Error) -> AppError {
    AppError::Unreadable(error.to_string())
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(text) => f.write_str(text),
            Err(error) => write!(f, "!{}", serde_json::to_string(error).map_err(|_| fmt::Error)?),
        }
    }
}

impl FromStr for Answer {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(match text.strip_prefix('!') {
            None => Ok(text.into()),
            Some(error) => Err(from_json(error).unwrap_or_else(|error| unreadable(&error))),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_same_after_its_way_through_the_page() {
        for answer in [
            Answer(Ok(r#"{"name":"! <ABC> \" \\< </script>"}"#.into())),
            Answer(Ok("null".into())),
            Answer(Err(AppError::NotFound("account".into()))),
            Answer(Err(AppError::SignedOut)),
        ] {
            assert_eq!(answer.to_string().parse(), Ok(answer.clone()));
            // In a script of the page every "<" stands as its escape, which is the same to whoever reads JSON.
            let in_page: Answer = answer.to_string().replace('<', "\\u003c").parse().unwrap();
            let text = |answer: Answer| answer.read::<serde_json::Value>();
            assert_eq!(text(in_page), text(answer));
        }
    }

    #[test]
    fn an_answer_of_another_version_is_an_error_in_words() {
        let answer: Result<u32, _> = Answer(Ok(r#"{"count":1}"#.into())).read();
        assert!(matches!(answer, Err(AppError::Unreadable(_))));
        let error = "!{}".parse::<Answer>().map(Answer::read::<u32>);
        assert!(matches!(error, Ok(Err(AppError::Unreadable(_)))));
    }
}
