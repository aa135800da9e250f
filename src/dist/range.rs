//! What values an argument may take, and what is wrong with one that is not among them.

use crate::constraint::{NotCovariance, covariance_factor};

use super::{Param, Range};

/// How far probabilities may be from summing to 1 (Stan's `CONSTRAINT_TOLERANCE`).
const TOLERANCE: f64 = 1e-8;

impl Param {
    /// What the argument is, and what to do about a value that it cannot take.
    pub fn help(&self, owner: &str) -> String {
        let what = format!("`{}` of {owner}: {}", self.name, self.doc);
        match self.range.remedy() {
            Some(remedy) => format!("{what}; {remedy}"),
            None => what,
        }
    }
}

impl Range {
    /// In a word or two, for the reference.
    pub fn words(self) -> &'static str {
        match self {
            Range::Real => "real",
            Range::Extended => "real or infinite",
            Range::Positive => "positive",
            Range::NonNegative => "0 or more",
            Range::UnitInterval => "0 to 1",
            Range::Simplex => "probabilities that sum to 1",
            Range::Increasing => "increasing",
            Range::Count => "0, 1, 2, ...",
            Range::Ordinal => "1, 2, 3, ...",
            Range::Integer => "whole",
            Range::Covariance => "symmetric positive definite",
            Range::CholeskyFactor => "lower triangular, positive diagonal",
        }
    }

    /// How a value of another sort becomes one of these, where that is often wanted.
    pub fn remedy(self) -> Option<&'static str> {
        match self {
            Range::Positive | Range::NonNegative => Some(
                "`exp(...)` makes a positive number of any; if it comes from the data, mend or drop that row",
            ),
            Range::UnitInterval => {
                Some("percentages are divided by 100; `inv_logit(...)` makes a probability of any number")
            }
            Range::Simplex => Some("`w / sum(w)` makes weights sum to 1, `softmax(...)` any numbers"),
            Range::Increasing => Some("`sort(...)` puts numbers in order"),
            Range::Covariance => {
                Some("a covariance is `A @ A'`, with something added to its diagonal where A has few columns")
            }
            Range::CholeskyFactor => Some("`cholesky(...)` makes one of a covariance"),
            Range::Real | Range::Extended | Range::Count | Range::Ordinal | Range::Integer => None,
        }
    }

    /// What a single number must be, if it is not: `must be positive`.
    pub fn requirement(self, x: f64) -> Option<&'static str> {
        let whole = x.fract() == 0.0;
        match self {
            _ if x.is_nan() => Some("must be a number"),
            Range::Extended => None,
            Range::Positive if x <= 0.0 => Some("must be positive"),
            Range::NonNegative if x < 0.0 => Some("must not be negative"),
            Range::UnitInterval | Range::Simplex if !(0.0..=1.0).contains(&x) => {
                Some("must be between 0 and 1")
            }
            Range::Count if x < 0.0 || x.is_finite() && !whole => Some("must be a whole number, 0 or more"),
            Range::Ordinal if x < 1.0 || x.is_finite() && !whole => Some("must be a whole number, 1 or more"),
            Range::Integer if x.is_finite() && !whole => Some("must be a whole number"),
            _ if x.is_infinite() => Some("must be finite"),
            _ => None,
        }
    }

    /// What is wrong with the values of an argument, row-major: position of the first offending element and words that
    /// follow its name, `must be positive, but is -1`.
    ///
    /// `shape` is batch + event dimensions. Probabilities are summed along the last dimension, matrices are the last two;
    /// dimensions that the shape lacks are 1. Matrices that are not square are left to
    /// [`Distribution::event_mismatch`](super::Distribution::event_mismatch).
    pub fn violation(self, shape: &[usize], values: &[f64]) -> Option<(usize, String)> {
        let one_by_one = values
            .iter()
            .enumerate()
            .find_map(|(k, &x)| Some((k, format!("{}, but is {}", self.requirement(x)?, shown(x)))));
        if one_by_one.is_some() {
            return one_by_one;
        }
        let n = shape.last().copied().unwrap_or(1);
        match self {
            Range::Simplex => by_event(values, n, |p| {
                let sum: f64 = p.iter().sum();
                let off = (sum - 1.0).abs() > TOLERANCE;
                off.then(|| (0, format!("must sum to 1, but the sum is {}", rounded(sum))))
            }),
            Range::Increasing => by_event(values, n, |v| {
                let at = v.windows(2).position(|pair| pair[0] >= pair[1])?;
                let (low, high) = (shown(v[at]), shown(v[at + 1]));
                Some((at + 1, format!("must be increasing, but {high} follows {low}")))
            }),
            Range::Covariance | Range::CholeskyFactor => {
                let rows = shape.iter().rev().nth(1).copied().unwrap_or(1);
                if rows != n {
                    return None;
                }
                let check = if self == Range::Covariance { covariance } else { cholesky_factor };
                by_event(values, n * n, |matrix| check(matrix, n))
            }
            _ => None,
        }
    }
}

/// The first violation among events of `size` elements, with its position among all values.
fn by_event(
    values: &[f64],
    size: usize,
    check: impl Fn(&[f64]) -> Option<(usize, String)>,
) -> Option<(usize, String)> {
    let events = values.chunks_exact(size.max(1)).enumerate();
    events.into_iter().find_map(|(k, event)| check(event).map(|(at, words)| (k * size + at, words)))
}

/// Symmetric, and positive definite.
fn covariance(a: &[f64], n: usize) -> Option<(usize, String)> {
    Some(match covariance_factor(a, n).err()? {
        NotCovariance::Asymmetric { row, column } => {
            let (low, high) = (shown(a[row * n + column]), shown(a[column * n + row]));
            let words = format!("must be symmetric, but is {low} here and {high} across the diagonal");
            (row * n + column, words)
        }
        NotCovariance::Indefinite { row: 0 } => {
            (0, format!("must be positive definite, but {} is on its diagonal", shown(a[0])))
        }
        NotCovariance::Indefinite { row } => {
            let words =
                format!("must be positive definite, but its first {} rows and columns are not", row + 1);
            (row * n + row, words)
        }
    })
}

/// Lower triangular with a positive diagonal.
fn cholesky_factor(l: &[f64], n: usize) -> Option<(usize, String)> {
    l.iter().enumerate().find_map(|(k, &x)| {
        let (i, j) = (k / n, k % n);
        let words = match i.cmp(&j) {
            std::cmp::Ordering::Less if x != 0.0 => "must be 0 above the diagonal",
            std::cmp::Ordering::Equal if x <= 0.0 => "must be positive on the diagonal",
            _ => return None,
        };
        Some((k, format!("{words}, but is {}", shown(x))))
    })
}

/// A number as a person would write it.
pub(super) fn shown(x: f64) -> String {
    let size = x.abs();
    if size != 0.0 && size.is_finite() && !(1e-5..1e16).contains(&size) {
        format!("{x:e}")
    } else {
        format!("{x}")
    }
}

/// To a tenth of the tolerance: 1.2, not 1.2000000000000002.
fn rounded(sum: f64) -> String {
    let unit = 10.0 / TOLERANCE;
    shown((sum * unit).round() / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(range: Range, shape: &[usize], values: &[f64]) -> Option<(usize, String)> {
        assert_eq!(values.len(), shape.iter().product::<usize>());
        range.violation(shape, values)
    }

    fn complaint(range: Range, shape: &[usize], values: &[f64]) -> (usize, String) {
        found(range, shape, values).unwrap_or_else(|| panic!("{range:?} takes {values:?}"))
    }

    #[test]
    fn numbers_outside_say_what_they_must_be() {
        let inf = f64::INFINITY;
        let cases = [
            (Range::Real, inf, "must be finite, but is inf"),
            (Range::Real, f64::NAN, "must be a number, but is NaN"),
            (Range::Extended, f64::NAN, "must be a number, but is NaN"),
            (Range::Positive, -1.0, "must be positive, but is -1"),
            (Range::Positive, 0.0, "must be positive, but is 0"),
            (Range::Positive, inf, "must be finite, but is inf"),
            (Range::Positive, -inf, "must be positive, but is -inf"),
            (Range::NonNegative, -1e-20, "must not be negative, but is -1e-20"),
            (Range::UnitInterval, 1.5, "must be between 0 and 1, but is 1.5"),
            (Range::Count, 2.5, "must be a whole number, 0 or more, but is 2.5"),
            (Range::Count, inf, "must be finite, but is inf"),
            (Range::Integer, -0.5, "must be a whole number, but is -0.5"),
            (Range::Integer, -inf, "must be finite, but is -inf"),
            (Range::Covariance, inf, "must be finite, but is inf"),
        ];
        for (range, x, words) in cases {
            assert_eq!(complaint(range, &[], &[x]), (0, words.to_string()), "{range:?}");
            let valid = 1.0;
            let third = complaint(range, &[3, 1, 1], &[valid, valid, x]);
            assert_eq!(third, (2, words.to_string()), "{range:?}");
        }
        assert_eq!(found(Range::Extended, &[2], &[-inf, inf]), None);
        assert_eq!(found(Range::NonNegative, &[1], &[0.0]), None);
        assert_eq!(found(Range::Integer, &[1], &[-3.0]), None);
    }

    #[test]
    fn probabilities_sum_to_one_along_the_last_dimension() {
        assert_eq!(found(Range::Simplex, &[2, 3], &[0.2, 0.3, 0.5, 1.0, 0.0, 0.0]), None);
        assert_eq!(found(Range::Simplex, &[3], &[1.0 / 3.0; 3]), None);
        let (at, words) = complaint(Range::Simplex, &[2, 2], &[0.5, 0.5, 0.5, 0.7]);
        assert_eq!((at, words.as_str()), (2, "must sum to 1, but the sum is 1.2"));
        assert_eq!(complaint(Range::Simplex, &[], &[0.5]).1, "must sum to 1, but the sum is 0.5");
        assert_eq!(complaint(Range::Simplex, &[2], &[1.5, -0.5]).1, "must be between 0 and 1, but is 1.5");
    }

    #[test]
    fn matrices_are_symmetric_and_positive_definite() {
        let eye = [1.0, 0.0, 0.0, 1.0];
        assert_eq!(found(Range::Covariance, &[2, 2], &[4.0, 1.0, 1.0, 4.0]), None);
        assert_eq!(found(Range::Covariance, &[2, 2], &[1e-12, 0.0, 0.0, 1e-12]), None);
        let tilted = [eye, [1.0, 0.5, 0.4, 1.0]].concat();
        let (at, words) = complaint(Range::Covariance, &[2, 2, 2], &tilted);
        assert_eq!(at, 6);
        assert_eq!(words, "must be symmetric, but is 0.4 here and 0.5 across the diagonal");
        let (at, words) = complaint(Range::Covariance, &[2, 2], &[1.0, 2.0, 2.0, 1.0]);
        assert_eq!(at, 3);
        assert_eq!(words, "must be positive definite, but its first 2 rows and columns are not");
        let (_, words) = complaint(Range::Covariance, &[1, 1], &[-1.0]);
        assert_eq!(words, "must be positive definite, but -1 is on its diagonal");
        assert_eq!(found(Range::Covariance, &[1, 2], &[1.0, 2.0]), None, "its shape is another's to refuse");
    }

    #[test]
    fn cholesky_factors_are_lower_triangular() {
        assert_eq!(found(Range::CholeskyFactor, &[2, 2], &[1.0, 0.0, -3.0, 2.0]), None);
        let (at, words) = complaint(Range::CholeskyFactor, &[2, 2], &[1.0, 0.5, 0.5, 1.0]);
        assert_eq!((at, words.as_str()), (1, "must be 0 above the diagonal, but is 0.5"));
        let (at, words) = complaint(Range::CholeskyFactor, &[2, 2], &[1.0, 0.0, 0.5, -2.0]);
        assert_eq!((at, words.as_str()), (3, "must be positive on the diagonal, but is -2"));
    }
}
