//! How long a piece of work takes, at its best.

use std::time::{Duration, Instant};

/// Each figure is the best of so many rounds of about so long.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(30);
/// No further round is begun after so long.
pub const LONGEST: Duration = Duration::from_secs(1);

/// Seconds of one call: the best mean over rounds, after one call to warm up and one to see how long it takes.
pub fn seconds_of(work: &mut dyn FnMut()) -> f64 {
    let begin = Instant::now();
    work();
    let start = Instant::now();
    work();
    let once = start.elapsed();
    let repeats = (ROUND.as_nanos() / once.as_nanos().max(20)).clamp(1, 1_000_000) as u32;
    let mut best: Option<Duration> = None;
    for _ in 0..ROUNDS {
        if begin.elapsed() > LONGEST {
            break;
        }
        let start = Instant::now();
        for _ in 0..repeats {
            work();
        }
        let mean = start.elapsed() / repeats;
        best = Some(best.map_or(mean, |best| best.min(mean)));
    }
    best.unwrap_or(once).as_secs_f64()
}
