//! Trust-region Newton-CG (Steihaug 1983; Nocedal & Wright 2006, algorithms 4.1 and 7.2) on any smooth objective.

use std::ops::ControlFlow;

use super::linear::{Factor, Matrix, axpy, dot};

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

/// The whole Hessian where it is cheap, and always a preconditioner.
pub struct Curvature {
    pub hessian: Option<Matrix>,
    pub preconditioner: Preconditioner,
}

impl Curvature {
    /// The preconditioner is the Hessian itself, made positive definite.
    pub fn dense(hessian: Matrix) -> Curvature {
        let preconditioner = match Factor::new(&hessian) {
            Some(factor) => Preconditioner::Factor(factor),
            None => Preconditioner::Diagonal(positive(&hessian.diagonal())),
        };
        Curvature { hessian: Some(hessian), preconditioner }
    }

    pub fn diagonal(diagonal: &[f64]) -> Curvature {
        Curvature { hessian: None, preconditioner: Preconditioner::Diagonal(positive(diagonal)) }
    }
}

/// A symmetric positive definite approximation P of the Hessian.
pub enum Preconditioner {
    Diagonal(Vec<f64>),
    Factor(Factor),
    /// A factor for the variables `block`, a diagonal for the others (its elements at `block` are not used).
    Block {
        factor: Factor,
        block: Vec<usize>,
        diagonal: Vec<f64>,
    },
}

impl Preconditioner {
    /// x = P^-1 b
    pub fn solve(&self, b: &[f64], x: &mut [f64]) {
        match self {
            Preconditioner::Factor(factor) => factor.solve(b, x),
            Preconditioner::Diagonal(diagonal) => divide(b, diagonal, x),
            Preconditioner::Block { factor, block, diagonal } => {
                divide(b, diagonal, x);
                let inner: Vec<f64> = block.iter().map(|&i| b[i]).collect();
                let mut solved = vec![0.0; inner.len()];
                factor.solve(&inner, &mut solved);
                for (&i, solved) in block.iter().zip(&solved) {
                    x[i] = *solved;
                }
            }
        }
    }

    /// The diagonal of P^-1.
    pub fn inverse_diagonal(&self) -> Vec<f64> {
        match self {
            Preconditioner::Factor(factor) => factor.inverse_diagonal(),
            Preconditioner::Diagonal(diagonal) => diagonal.iter().map(|d| 1.0 / d).collect(),
            Preconditioner::Block { factor, block, diagonal } => {
                let mut inverse: Vec<f64> = diagonal.iter().map(|d| 1.0 / d).collect();
                for (&i, value) in block.iter().zip(factor.inverse_diagonal()) {
                    inverse[i] = value;
                }
                inverse
            }
        }
    }
}

/// Positive finite stand-ins for the elements of a Hessian's diagonal.
fn positive(diagonal: &[f64]) -> Vec<f64> {
    let magnitude = |d: &f64| if d.is_finite() && *d != 0.0 { d.abs() } else { 1.0 };
    diagonal.iter().map(magnitude).collect()
}

fn divide(b: &[f64], diagonal: &[f64], x: &mut [f64]) {
    for ((x, b), d) in x.iter_mut().zip(b).zip(diagonal) {
        *x = b / d;
    }
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
}

impl Default for NewtonOptions {
    fn default() -> Self {
        NewtonOptions { max_iterations: 200, decrement_tolerance: 1e-4, step_tolerance: 1e-3, max_products: 200 }
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
}

/// Where the optimiser stopped.
pub struct Outcome {
    pub x: Vec<f64>,
    pub value: f64,
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
    loop {
        let curvature = objective.curvature();
        let seen = observe(&Iterate { iteration, x: &x, value, curvature: &curvature });
        let stop_now = if seen.is_break() {
            Some(Stop::Observer)
        } else {
            (iteration >= options.max_iterations).then_some(Stop::MaxIterations)
        };
        if let Some(stop) = stop_now {
            return Some(Outcome { x, value, stop, iterations: iteration, curvature, last_step });
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
                let value = value - point.predicted;
                let last_step = point.step;
                return Some(Outcome { x, value, stop: Stop::Converged, iterations: iteration, curvature, last_step });
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
                    radius = 3.0 * radius;
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
                return Some(Outcome { x, value, stop, iterations: iteration, curvature, last_step });
            }
        }
    }
}

fn usable(value: f64, gradient: &[f64]) -> bool {
    value.is_finite() && super::linear::all_finite(gradient)
}

/// Solves H x = b to `relative_residual` by preconditioned conjugate gradients; stops at directions of no curvature.
pub fn solve(
    objective: &mut dyn Objective,
    curvature: &Curvature,
    b: &[f64],
    relative_residual: f64,
    max_products: usize,
) -> Vec<f64> {
    let negated: Vec<f64> = b.iter().map(|b| -b).collect();
    let mut path = Path::start(&negated, &curvature.preconditioner);
    path.extend(objective, curvature, f64::INFINITY, |_| relative_residual, max_products);
    path.segments.pop().map_or_else(|| vec![0.0; b.len()], |last| last.at(last.alpha).0)
}

/// The iterates of conjugate gradients, so that a smaller trust region costs no more products.
struct Path {
    segments: Vec<Segment>,
    /// sqrt(g' P^-1 g)
    gradient_norm: f64,
    residual: Vec<f64>,
    direction: Vec<f64>,
    residual_norm2: f64,
    /// Ended because the products were used up: what it promises is less than a full solution would.
    exhausted: bool,
}

/// p(a) = from + a direction for 0 <= a <= alpha, lengths in the norm of P.
struct Segment {
    from: Vec<f64>,
    hessian_from: Vec<f64>,
    direction: Vec<f64>,
    hessian_direction: Vec<f64>,
    /// |from|², from'P direction, |direction|²
    norm: (f64, f64, f64),
    /// Where this segment ends: the next iterate, or infinity along a direction of negative curvature.
    alpha: f64,
}

impl Segment {
    /// (p, H p)
    fn at(&self, alpha: f64) -> (Vec<f64>, Vec<f64>) {
        let (mut p, mut hp) = (self.from.clone(), self.hessian_from.clone());
        axpy(alpha, &self.direction, &mut p);
        axpy(alpha, &self.hessian_direction, &mut hp);
        (p, hp)
    }

    fn length2(&self, alpha: f64) -> f64 {
        let (from, cross, direction) = self.norm;
        from + 2.0 * alpha * cross + alpha * alpha * direction
    }
}

/// A step with what the quadratic model promises.
struct Point {
    step: Vec<f64>,
    predicted: f64,
    length: f64,
    /// The model's own minimum, not the edge of the trust region.
    interior: bool,
}

impl Path {
    fn start(gradient: &[f64], preconditioner: &Preconditioner) -> Path {
        let mut direction = vec![0.0; gradient.len()];
        preconditioner.solve(gradient, &mut direction);
        let norm2 = dot(gradient, &direction).max(0.0);
        direction.iter_mut().for_each(|d| *d = -*d);
        Path {
            segments: Vec::new(),
            gradient_norm: norm2.sqrt(),
            residual: gradient.to_vec(),
            direction,
            residual_norm2: norm2,
            exhausted: false,
        }
    }

    fn solve(
        objective: &mut dyn Objective,
        gradient: &[f64],
        curvature: &Curvature,
        radius: f64,
        options: &NewtonOptions,
    ) -> Path {
        /// Relative residual that the convergence check needs, and the one that is enough far from the optimum.
        const TIGHT: f64 = 1e-2;
        const LOOSE: f64 = 0.1;
        /// Nats of promised progress below which the end is near.
        const NEAR: f64 = 0.1;
        let mut path = Path::start(gradient, &curvature.preconditioner);
        let tolerance = |predicted: f64| if predicted > NEAR { LOOSE } else { TIGHT };
        path.extend(objective, curvature, radius, tolerance, options.max_products);
        path
    }

    /// Runs until the residual has shrunk as `tolerance` (of the promised decrease) says, or the step has left `radius`.
    fn extend(
        &mut self,
        objective: &mut dyn Objective,
        curvature: &Curvature,
        radius: f64,
        tolerance: impl Fn(f64) -> f64,
        max_products: usize,
    ) {
        let n = self.residual.len();
        let first = self.residual_norm2;
        let (mut p, mut hp) = (vec![0.0; n], vec![0.0; n]);
        let (mut p2, mut cross, mut d2) = (0.0, 0.0, first);
        let mut predicted = 0.0;
        let mut preconditioned = vec![0.0; n];
        for k in 0..max_products {
            if self.residual_norm2 <= first * tolerance(predicted).powi(2) && k > 0 || self.residual_norm2 <= 0.0 {
                return;
            }
            let mut hessian_direction = vec![0.0; n];
            match &curvature.hessian {
                Some(hessian) => hessian.product(&self.direction, &mut hessian_direction),
                None => objective.hessian_vector(&self.direction, &mut hessian_direction),
            }
            let bend = dot(&self.direction, &hessian_direction);
            if !bend.is_finite() {
                return;
            }
            let alpha = if bend > 1e-14 * d2 { self.residual_norm2 / bend } else { f64::INFINITY };
            let segment = Segment {
                from: p.clone(),
                hessian_from: hp.clone(),
                direction: self.direction.clone(),
                hessian_direction,
                norm: (p2, cross, d2),
                alpha,
            };
            if !alpha.is_finite() {
                self.segments.push(segment);
                return;
            }
            p2 = segment.length2(alpha);
            (p, hp) = segment.at(alpha);
            predicted += 0.5 * alpha * self.residual_norm2;
            axpy(alpha, &segment.hessian_direction, &mut self.residual);
            self.segments.push(segment);
            if p2 > radius * radius {
                return;
            }
            curvature.preconditioner.solve(&self.residual, &mut preconditioned);
            let next = dot(&self.residual, &preconditioned).max(0.0);
            let beta = next / self.residual_norm2;
            for (d, z) in self.direction.iter_mut().zip(&preconditioned) {
                *d = beta * *d - z;
            }
            cross = beta * (cross + alpha * d2);
            d2 = next + beta * beta * d2;
            self.residual_norm2 = next;
        }
        self.exhausted = true;
    }

    /// The point of the path inside `radius` that is farthest along.
    fn within(&self, radius: f64, gradient: &[f64]) -> Point {
        let mut chosen = None;
        for segment in &self.segments {
            let inside = segment.alpha.is_finite() && segment.length2(segment.alpha) <= radius * radius;
            let alpha = if inside { segment.alpha } else { edge(segment.norm, radius) };
            chosen = Some((segment, alpha, inside));
            if !inside {
                break;
            }
        }
        let Some((segment, alpha, interior)) = chosen else {
            return Point { step: vec![0.0; gradient.len()], predicted: 0.0, length: 0.0, interior: true };
        };
        let (step, hessian_step) = segment.at(alpha);
        let predicted = -dot(gradient, &step) - 0.5 * dot(&step, &hessian_step);
        Point { step, predicted, length: segment.length2(alpha).max(0.0).sqrt(), interior }
    }
}

/// The a >= 0 with |from + a direction| = radius.
fn edge((from, cross, direction): (f64, f64, f64), radius: f64) -> f64 {
    let room = (radius * radius - from).max(0.0);
    let root = (cross * cross + direction * room).sqrt();
    // the stable form of (-cross + root) / direction
    if cross > 0.0 { room / (cross + root) } else { (root - cross) / direction }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(minimize(&mut f, start, &NewtonOptions::default(), &mut |_| ControlFlow::Continue(())).is_none());
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
