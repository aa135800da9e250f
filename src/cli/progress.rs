//! Progress of a fit on a terminal: one line that goes away.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::inference::{Progress, Stage};

/// Fits that end sooner show nothing.
const PATIENCE: Duration = Duration::from_millis(300);

/// A listener for a fit: draws a line on standard error if that is a terminal, otherwise does nothing.
pub fn listener(interactive: bool) -> Box<dyn FnMut(Progress)> {
    if !interactive {
        return Box::new(|_| {});
    }
    let start = Instant::now();
    let mut bar: Option<Line> = None;
    Box::new(move |progress| {
        if start.elapsed() < PATIENCE {
            return;
        }
        let line = bar.get_or_insert_with(Line::new);
        let what = match progress.stage {
            Stage::Start => "looking for a start",
            Stage::Optimise => "maximising the ELBO",
            Stage::Evaluate => "taking the ELBO on fresh draws",
        };
        line.0.set_message(format!("{what}: step {}, {:.2}", progress.iteration, progress.value));
        line.0.tick();
    })
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
