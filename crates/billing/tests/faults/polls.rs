//! A future is polled so many times, and then not any more.

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

/// Polls a future so many times, and drops it then: it dies at whatever it awaits. `None`: it did not end by itself.
pub async fn until_killed<F: Future>(polls: u32, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = polls;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Tells a story in which something dies after no await, after one, and so on, until it is told without a death. There
/// are at least those around the processor and its answer ([`crate::world`] sees to that, however quick all else is): else
/// nothing was awaited where it matters.
///
/// What is ready already is not awaited, so no two tellings have the same awaits: it is told until it has ended several times.
pub async fn at_each_await(mut story: impl AsyncFnMut(u32) -> bool) {
    const ENDINGS: u32 = 5;
    let mut endings = 0;
    for polls in 0..500 {
        if story(polls).await {
            assert!(polls > 3, "it is over after {polls}");
            endings += 1;
        }
        if endings == ENDINGS {
            return;
        }
    }
    panic!("it never ends");
}
