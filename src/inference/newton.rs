//! Trust-region Newton-CG (Steihaug 1983; Nocedal & Wright 2006, algorithms 4.1 and 7.2) on any smooth objective.

use std::ops::ControlFlow;

use super::conjugate::Path;
use super::curvature::Curvature;
use super::linear::{all_finite, axpy};

/// Something to minimise. A value or gradient that is not finite marks a point as out of bounds.
pub trait Objective {
    fn dim(&self) -> usize;

    /// The value at `x`, and its gradient.
    fn gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64;

    /// Hessian times `v` at the `x` of the last call of [`Objective::gradient`].
    fn hessian_vector(&mut self, v: &[f64], product: &mut [f64]);

    /// What is known about the Hessian at the `x` of the last call of [`Objective::gradient`].
    fn curvature(&mut self) -> Curvature;

    /// The largest element of `step` at `x` in units of the problem (standard deviations, nats).
    fn natural_step(&self, x: &[f64], step: &[f64]) -> f64;
}

#[derive(Clone, Debug)]
pub struct NewtonOptions {
    pub max_iterations: usize,
    /// Stop when the model promises less than this, in units of the objective (nats) ...
    pub decrement_tolerance: f64,
    /// ... and the step is shorter than this ([`Objective::natural_step`]).
    pub step_tolerance: f64,
    /// Most Hessian-vector products for one step.
    pub max_products: usize,
    /// Stop when the last [`STALL_STEPS`] steps together gained less than this, in units of the objective.
    pub least_gain: f64,
}

impl Default for NewtonOptions {
    fn default() -> Self {
        NewtonOptions {
            max_iterations: 200,
            decrement_tolerance: 1e-4,
            step_tolerance: 1e-3,
            max_products: 200,
            least_gain: 0.0,
        }
    }
}

/// Why the optimiser stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Converged,
    /// The observer asked for it.
    Observer,
    MaxIterations,
    /// No step, however short, improves the objective: a boundary, or noise.
    NoProgress,
    /// Steps gain less than is worth their while: a valley that goes on.
    Stalled,
}

/// Steps over which a gain is judged.
pub const STALL_STEPS: usize = 10;

/// Where the optimiser stopped.
pub struct Outcome {
    pub x: Vec<f64>,
    pub stop: Stop,
    pub iterations: usize,
    /// The curvature where the last step began.
    pub curvature: Curvature,
    /// The last step that was considered, for messages about what does not settle.
    pub last_step: Vec<f64>,
}

/// What the observer sees at each accepted point.
pub struct Iterate<'a> {
    pub iteration: usize,
    pub x: &'a [f64],
    pub value: f64,
    pub curvature: &'a Curvature,
}

/// Smaller relative changes of the objective are rounding noise.
const VALUE_NOISE: f64 = 1e-13;
/// Steps in a row that promise nothing while the trust region holds them back.
const PATIENCE: usize = 20;
/// A trust region this much smaller than the gradient calls for holds no progress.
const LEAST_RADIUS: f64 = 1e-12;

/// Minimises from `x`, where value and gradient must be finite; `None` if they are not.
pub fn minimize(
    objective: &mut dyn Objective,
    mut x: Vec<f64>,
    options: &NewtonOptions,
    observe: &mut dyn FnMut(&Iterate) -> ControlFlow<()>,
) -> Option<Outcome> {
    let n = objective.dim();
    let mut gradient = vec![0.0; n];
    let mut value = objective.gradient(&x, &mut gradient);
    if !usable(value, &gradient) {
        return None;
    }
    let mut radius = f64::INFINITY;
    let mut last_step = vec![0.0; n];
    let mut iteration = 0;
    let mut stalled = 0;
    let mut values = Vec::new();
    loop {
        let curvature = objective.curvature();
        let seen = observe(&Iterate { iteration, x: &x, value, curvature: &curvature });
        values.push(value);
        let before = values.len().checked_sub(STALL_STEPS + 1).map(|k| values[k]);
        let stop_now = if seen.is_break() {
            Some(Stop::Observer)
        } else if iteration >= options.max_iterations {
            Some(Stop::MaxIterations)
        } else {
            before.filter(|before| before - value < options.least_gain).map(|_| Stop::Stalled)
        };
        if let Some(stop) = stop_now {
            return Some(Outcome { x, stop, iterations: iteration, curvature, last_step });
        }
        iteration += 1;

        let path = Path::solve(objective, &gradient, &curvature, radius, options);
        if !radius.is_finite() {
            radius = path.gradient_norm; // the length of a Newton step where the preconditioner is the Hessian
        }
        let mut tolerable = true;
        loop {
            let point = path.within(radius, &gradient);
            let natural = objective.natural_step(&x, &point.step);
            let small = point.predicted < options.decrement_tolerance && natural < options.step_tolerance;
            let noise = VALUE_NOISE * (1.0 + value.abs());
            if tolerable && !path.exhausted && point.interior && (small || point.predicted < noise) {
                axpy(1.0, &point.step, &mut x);
                let last_step = point.step;
                return Some(Outcome {
                    x,
                    stop: Stop::Converged,
                    iterations: iteration,
                    curvature,
                    last_step,
                });
            }
            stalled = if small { stalled + 1 } else { 0 };
            if stalled > PATIENCE {
                let stop = Stop::NoProgress;
                return Some(Outcome { x, stop, iterations: iteration, curvature, last_step: point.step });
            }
            let mut trial = x.clone();
            axpy(1.0, &point.step, &mut trial);
            let mut trial_gradient = vec![0.0; n];
            let trial_value = objective.gradient(&trial, &mut trial_gradient);
            let ratio = if usable(trial_value, &trial_gradient) {
                (value - trial_value + noise) / (point.predicted + noise)
            } else {
                f64::NEG_INFINITY
            };
            last_step = point.step;
            if ratio > 0.1 {
                if ratio < 0.25 {
                    radius = 0.25 * point.length;
                } else if ratio > 0.75 && !point.interior {
                    radius *= 3.0;
                }
                x = trial;
                value = trial_value;
                gradient = trial_gradient;
                break;
            }
            tolerable = false;
            radius = point.length * if ratio.is_finite() { 0.25 } else { 0.1 };
            if radius.is_nan() || radius <= LEAST_RADIUS * path.gradient_norm.min(1.0) {
                // `hessian_vector` now refers to the trial; no step follows.
                let stop = Stop::NoProgress;
                return Some(Outcome { x, stop, iterations: iteration, curvature, last_step });
            }
        }
    }
}

fn usable(value: f64, gradient: &[f64]) -> bool {
    value.is_finite() && all_finite(gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::conjugate::solve;
    use crate::inference::linear::Matrix;

    /// The chain of Rosenbrock valleys, minimum 0 at (1, ..., 1); NaN for x_0 < -1.5.
    struct Rosenbrock {
        n: usize,
        x: Vec<f64>,
        dense: bool,
        gradients: usize,
    }

    impl Rosenbrock {
        fn hessian(&self) -> Matrix {
            let mut h = Matrix::zeros(self.n);
            for i in 0..self.n - 1 {
                let (a, b) = (self.x[i], self.x[i + 1]);
                *h.at_mut(i, i) += 2.0 - 400.0 * (b - 3.0 * a * a);
                *h.at_mut(i + 1, i + 1) += 200.0;
                *h.at_mut(i, i + 1) -= 400.0 * a;
                *h.at_mut(i + 1, i) -= 400.0 * a;
            }
            h
        }
    }

    impl Objective for Rosenbrock {
        fn dim(&self) -> usize {
            self.n
        }
        fn gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
            self.gradients += 1;
            self.x = x.to_vec();
            gradient.fill(0.0);
            let mut value = 0.0;
            for i in 0..self.n - 1 {
                let (r, s) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
                value += 100.0 * r * r + s * s;
                gradient[i] += -400.0 * r * x[i] - 2.0 * s;
                gradient[i + 1] += 200.0 * r;
            }
            if x[0] < -1.5 { f64::NAN } else { value }
        }
        fn hessian_vector(&mut self, v: &[f64], product: &mut [f64]) {
            self.hessian().product(v, product)
        }
        fn curvature(&mut self) -> Curvature {
            let h = self.hessian();
            if self.dense { Curvature::dense(h) } else { Curvature::diagonal(&h.diagonal()) }
        }
        fn natural_step(&self, _x: &[f64], step: &[f64]) -> f64 {
            step.iter().fold(0.0, |a, s| a.max(s.abs()))
        }
    }

    #[test]
    fn rosenbrock_with_and_without_the_dense_hessian() {
        for dense in [true, false] {
            for n in [2, 10] {
                let mut f = Rosenbrock { n, x: vec![], dense, gradients: 0 };
                let options = NewtonOptions { decrement_tolerance: 1e-12, ..Default::default() };
                let mut last = f64::INFINITY;
                let outcome = minimize(&mut f, vec![-1.2; n], &options, &mut |it| {
                    assert!(it.value <= last, "the objective never rises");
                    last = it.value;
                    ControlFlow::Continue(())
                })
                .unwrap();
                assert_eq!(outcome.stop, Stop::Converged, "n {n} dense {dense}");
                assert!(outcome.x.iter().all(|x| (x - 1.0).abs() < 1e-4), "{:?}", outcome.x);
                assert!(f.gradients < 80, "{} gradients for n {n}, dense {dense}", f.gradients);
            }
        }
    }

    #[test]
    fn a_start_out_of_bounds_is_refused() {
        let mut f = Rosenbrock { n: 2, x: vec![], dense: true, gradients: 0 };
        let start = vec![-2.0, 0.0];
        assert!(
            minimize(&mut f, start, &NewtonOptions::default(), &mut |_| ControlFlow::Continue(())).is_none()
        );
    }

    #[test]
    fn conjugate_gradients_solve_the_hessian() {
        let mut f = Rosenbrock { n: 6, x: vec![], dense: false, gradients: 0 };
        let x = [1.0; 6];
        f.gradient(&x, &mut [0.0; 6]);
        let curvature = f.curvature();
        let truth = [1.0, -2.0, 3.0, 0.5, 0.0, 1.0];
        let mut b = [0.0; 6];
        f.hessian_vector(&truth, &mut b);
        let solved = solve(&mut f, &curvature, &b, 1e-10, 50);
        assert!(solved.iter().zip(&truth).all(|(a, b)| (a - b).abs() < 1e-6), "{solved:?}");
    }
}
