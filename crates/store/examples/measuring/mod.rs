//! How long does something take? For the examples that measure.

use std::time::{Duration, Instant};

use tandem_store::StoreError;

const RUNS: usize = 15;

/// Runs something some times and prints how long it took.
pub async fn measure<F: Future<Output = Result<u32, StoreError>>>(
    label: &str,
    run: impl Fn() -> F,
) -> Result<(), StoreError> {
    let mut times = Vec::new();
    let mut count = run().await?;
    for _ in 0..RUNS {
        let started = Instant::now();
        count = run().await?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    let (median, worst) = (ms(times.get(RUNS / 2)), ms(times.last()));
    let mark = if median > 10.0 { "  <-- slow" } else { "" };
    println!("{median:8.2} {worst:8.2}  {label} ({count}){mark}");
    Ok(())
}
