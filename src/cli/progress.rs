//! Progress of a fit: on a terminal one line that goes away, or a line for each step that stays.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::inference::{ChainProgress, Progress, RungReport, Stage};
use crate::report::number;
use crate::session::CalibrationProgress;

/// Fits that end sooner show nothing.
const PATIENCE: Duration = Duration::from_millis(300);

/// How much of a fit is shown while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Nothing,
    /// A line on a terminal that goes away.
    Line,
    /// Every step, on a line of its own.
    Steps,
}

/// A listener for a fit, which writes to standard error.
pub fn listener(shown: Shown) -> Box<dyn FnMut(Progress)> {
    match shown {
        Shown::Nothing => Box::new(|_| {}),
        Shown::Line => line(),
        Shown::Steps => Box::new(|progress| {
            // A reader that is gone has no use for progress.
            let _ = writeln!(std::io::stderr(), "{}", step(&progress));
        }),
    }
}

fn line() -> Box<dyn FnMut(Progress)> {
    let start = Instant::now();
    let mut bar: Option<Line> = None;
    Box::new(move |progress| {
        if start.elapsed() < PATIENCE {
            return;
        }
        let line = bar.get_or_insert_with(Line::new);
        line.0.set_message(step(&progress));
        line.0.tick();
    })
}

/// A listener for chains, which writes a line to standard error, or nothing.
pub fn chain_listener(n_chains: usize, shown: bool) -> Box<dyn Fn(ChainProgress) + Sync> {
    if !shown {
        return Box::new(|_| {});
    }
    let start = Instant::now();
    let state = Mutex::new((vec![None; n_chains], None));
    Box::new(move |progress: ChainProgress| {
        if start.elapsed() < PATIENCE {
            return;
        }
        // Of a listener that has failed nobody wants to hear.
        let Ok(mut state) = state.lock() else { return };
        let (chains, line) = &mut *state;
        chains[progress.chain] = Some(progress);
        let line = line.get_or_insert_with(Line::new);
        line.0.set_message(chains_step(chains));
        line.0.tick();
    })
}

/// A listener for a calibration, which writes a line to standard error, or nothing.
pub fn calibration_listener(shown: bool) -> Box<dyn Fn(CalibrationProgress) + Sync> {
    if !shown {
        return Box::new(|_| {});
    }
    let start = Instant::now();
    let line = Mutex::new(None);
    Box::new(move |progress: CalibrationProgress| {
        if start.elapsed() < PATIENCE {
            return;
        }
        // Of a listener that has failed nobody wants to hear.
        let Ok(mut line) = line.lock() else { return };
        let line = line.get_or_insert_with(Line::new);
        line.0.set_message(calibration_step(progress, start.elapsed()));
        line.0.tick();
    })
}

/// `fitted 34 of 200 simulated data sets, 2 distrusted, 1 failed; 12 s to go`
fn calibration_step(progress: CalibrationProgress, elapsed: Duration) -> String {
    let CalibrationProgress { n_simulations, n_done, n_distrusted, n_failed } = progress;
    let mut text = format!("fitted {n_done} of {n_simulations} simulated data sets");
    for (n, what) in [(n_distrusted, "distrusted"), (n_failed, "failed")] {
        if n > 0 {
            text += &format!(", {n} {what}");
        }
    }
    let rest = elapsed.as_secs_f64() * (n_simulations - n_done) as f64 / n_done.max(1) as f64;
    format!("{text}; {rest:.0} s to go")
}

/// `sampling: 35%, of the slowest chain 20%, 3 divergences`
fn chains_step(chains: &[Option<ChainProgress>]) -> String {
    let share =
        |chain: &Option<ChainProgress>| chain.map_or(0.0, |chain| chain.step as f64 / chain.n_steps as f64);
    let mean = chains.iter().map(share).sum::<f64>() / chains.len() as f64;
    let slowest = chains.iter().map(share).fold(1.0, f64::min);
    let n_divergent: usize = chains.iter().flatten().map(|chain| chain.n_divergent).sum();
    let divergences = if n_divergent > 0 { format!(", {n_divergent} divergences") } else { String::new() };
    format!("sampling: {:.0}%, of the slowest chain {:.0}%{divergences}", 100.0 * mean, 100.0 * slowest)
}

/// `maximising the ELBO: step 12, -481.29 = 2468.50 log likelihood - 2949.78 KL to the prior`
fn step(progress: &Progress) -> String {
    let Progress { stage, iteration, value, parts, .. } = progress;
    let what = match stage {
        Stage::Start => format!("looking for a start: step {iteration}, {value:.2}"),
        Stage::Optimise => format!("maximising the ELBO: step {iteration}, {value:.2}"),
        Stage::Rung(report) => rung(report, *value, *iteration),
        Stage::Evaluate => format!("the ELBO on fresh draws: {value:.2}"),
    };
    match parts {
        Some(parts) => {
            format!("{what} = {:.2} log likelihood - {:.2} KL to the prior", parts.log_likelihood, parts.kl)
        }
        None => what,
    }
}

/// `fullrank, centring 0.00: ELBO -31.57, k-hat 0.61, 13 steps, 4.1 ms`
fn rung(report: &RungReport, elbo: f64, n_steps: usize) -> String {
    let RungReport { family, centring, settled, k_hat, seconds } = report;
    let coordinates = centring.map(|c| format!(", centring {c:.2}")).unwrap_or_default();
    let unsettled = if *settled { "" } else { " (not settled)" };
    let k_hat = k_hat.map(|k_hat| format!(", k-hat {k_hat:.2}")).unwrap_or_default();
    let time = number::seconds(*seconds);
    format!("{family}{coordinates}{unsettled}: ELBO {elbo:.2}{k_hat}, {n_steps} steps, {time}")
}

/// Clears itself when dropped.
struct Line(ProgressBar);

impl Line {
    fn new() -> Line {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Line(bar)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
