//! Preconditioned conjugate gradients that stop at a trust region or at negative curvature (Steihaug 1983).

use super::curvature::{Curvature, Preconditioner};
use super::linear::{axpy, dot};
use super::newton::{NewtonOptions, Objective};

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
pub struct Path {
    segments: Vec<Segment>,
    /// sqrt(g' P^-1 g)
    pub gradient_norm: f64,
    residual: Vec<f64>,
    direction: Vec<f64>,
    residual_norm2: f64,
    /// Ended because the products were used up: what it promises is less than a full solution would.
    pub exhausted: bool,
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
pub struct Point {
    pub step: Vec<f64>,
    pub predicted: f64,
    pub length: f64,
    /// The model's own minimum, not the edge of the trust region.
    pub interior: bool,
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

    /// The path of a step from a point with this gradient: to the model's minimum, or past `radius`.
    pub fn solve(
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
            if self.residual_norm2 <= first * tolerance(predicted).powi(2) && k > 0
                || self.residual_norm2 <= 0.0
            {
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
    pub fn within(&self, radius: f64, gradient: &[f64]) -> Point {
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
