//! Which statement, and which row, keeps a model from having a finite starting point.

use super::error::InferenceError;
use crate::density::{LogDensity, TermKind};

/// Points at most that are looked at more closely.
const MOST_POINTS: usize = 64;

const HELP_LIKELIHOOD: &str =
    "are the data inside the support of the distribution, and its arguments inside theirs?";
const HELP_PRIOR: &str = "are the arguments of the distribution inside their ranges, such as an sd above 0?";
const HELP_FACTOR: &str = "the expression must be finite for values of the latents that their priors allow";

/// Starting points that failed.
#[derive(Default)]
pub struct Failures {
    /// Points without a finite log density, `[D]` each.
    pub values: Vec<Vec<f64>>,
    /// Gradients that are not finite, `[D]` each, of points with a finite log density.
    pub gradients: Vec<Vec<f64>>,
}

impl Failures {
    /// The error that says why none of `tried` points will do.
    pub fn explain(&self, density: &dyn LogDensity, tried: usize) -> InferenceError {
        let gradient = || self.blame_coordinate(density, tried);
        let found = if self.values.is_empty() { gradient() } else { self.blame_statement(density, tried) };
        found.or_else(gradient).unwrap_or(InferenceError::NoFiniteStart {
            statement: "the sum of all statements".into(),
            row: None,
            place: String::new(),
            value: f64::NAN,
            tried,
            help: HELP_PRIOR,
            at: (0, 0).into(),
        })
    }

    /// The statement that is not finite at most points; the first of equals.
    fn blame_statement(&self, density: &dyn LogDensity, tried: usize) -> Option<InferenceError> {
        let points = &self.values[..self.values.len().min(MOST_POINTS)];
        let (lanes, z) = (points.len(), lanes_innermost(points));
        let statements = density.statements();
        let mut terms = vec![0.0; statements.len() * lanes];
        density.terms(lanes, &z, &mut terms);
        let rows = || terms.chunks_exact(lanes);
        let worst = most_often_not_finite(rows())?;
        let statement = &statements[worst];
        let value = *rows().nth(worst)?.iter().find(|x| !x.is_finite())?;
        let row = (statement.kind == TermKind::Likelihood).then(|| blame_row(density, lanes, &z)).flatten();
        // With one observed statement the pointwise rows are its own.
        let observed = statements.iter().filter(|statement| statement.kind == TermKind::Likelihood).count();
        let place = row.filter(|_| observed == 1);
        let place = place.map_or(String::new(), |row| format!(" at its observation {}", row + 1));
        let help = match statement.kind {
            TermKind::Likelihood => HELP_LIKELIHOOD,
            TermKind::Prior => HELP_PRIOR,
            TermKind::Factor => HELP_FACTOR,
        };
        Some(InferenceError::NoFiniteStart {
            statement: statement.text.clone(),
            row,
            place,
            value,
            tried,
            help,
            at: statement.span.into(),
        })
    }

    fn blame_coordinate(&self, density: &dyn LogDensity, tried: usize) -> Option<InferenceError> {
        let gradients = lanes_innermost(&self.gradients);
        let worst = most_often_not_finite(gradients.chunks_exact(self.gradients.len().max(1)))?;
        let coordinate = &density.coordinates()[worst];
        let value = self.gradients.iter().map(|g| g[worst]).find(|x| !x.is_finite())?;
        let at = density.statements().get(coordinate.statement).map(|s| s.span.into());
        Some(InferenceError::NoFiniteGradient {
            coordinate: coordinate.name.clone(),
            value,
            tried,
            at: at.unwrap_or((0, 0).into()),
        })
    }
}

/// The observed element whose log likelihood is not finite at most points.
fn blame_row(density: &dyn LogDensity, lanes: usize, z: &[f64]) -> Option<usize> {
    let mut rows = vec![0.0; density.n_pointwise() * lanes];
    density.pointwise(lanes, z, &mut rows);
    most_often_not_finite(rows.chunks_exact(lanes))
}

/// Index of the row with the most elements that are not finite, the first of equals; `None` if all are finite.
fn most_often_not_finite<'a>(rows: impl Iterator<Item = &'a [f64]>) -> Option<usize> {
    let mut worst = (0, None);
    for (i, row) in rows.enumerate() {
        let count = row.iter().filter(|x| !x.is_finite()).count();
        if count > worst.0 {
            worst = (count, Some(i));
        }
    }
    worst.1
}

/// `[D][lanes]` from points of `[D]` each.
fn lanes_innermost(points: &[Vec<f64>]) -> Vec<f64> {
    let d = points.first().map_or(0, Vec::len);
    (0..d).flat_map(|i| points.iter().map(move |point| point[i])).collect()
}
