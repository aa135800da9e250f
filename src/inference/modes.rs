//! Other modes than the one that q stands on: many points climb log p at once, and what lies apart is a mode of its own.

use rand::RngExt;

use super::draws::{Task, fill_normal, rng};
use super::sparsity;
use super::target::Target;
use crate::family::Gaussian;

/// Points that climb.
const POINTS: usize = 32;
const STEPS: usize = 60;
/// Nats that a step gains at most when all points have arrived.
const ARRIVED: f64 = 1e-3;
/// Half of the points start within so much of 0 on the unconstrained scale, the others so many sds around q.
const HALF_WIDTH: f64 = 3.0;
const SPREAD: f64 = 6.0;
/// Sums and products that may be spent on it.
const MAX_WORK: f64 = 4e9;
/// Nats below the highest mode at which another is not worth a look.
const DEPTH: f64 = 12.0;
/// Nats that log p falls between two modes.
const VALLEY: f64 = 1.0;
/// Points between two modes that are looked at.
const BETWEEN: usize = 15;
/// Modes at most.
const MAX_MODES: usize = 8;

/// Points of other modes, `[n_latent]` each, the highest first; empty where the search would be too much work.
pub fn others(target: &Target, q: &Gaussian, theta: &[f64], seed: u64) -> Vec<Vec<f64>> {
    let n = q.n();
    let work = target.density.work() * (2 * STEPS * POINTS) as f64;
    if n == 0 || n > sparsity::MAX_LATENTS || work > MAX_WORK {
        return Vec::new();
    }
    let climb = Climb { target, q, theta };
    let (x, heights) = climb.ascend(climb.starts(seed));
    let point = |l: usize| -> Vec<f64> { (0..n).map(|i| x[i * POINTS + l]).collect() };
    let centre = vec![0.0; n];
    let top = heights.iter().copied().filter(|h| h.is_finite()).fold(climb.height(&centre), f64::max);
    let mut order: Vec<usize> = (0..POINTS).filter(|&l| heights[l] > top - DEPTH).collect();
    order.sort_by(|&a, &b| heights[b].total_cmp(&heights[a]));
    let mut found: Vec<Vec<f64>> = Vec::new();
    for l in order {
        let own = point(l);
        let known = std::iter::once(&centre).chain(&found);
        if found.len() + 1 < MAX_MODES && known.into_iter().all(|other| climb.has_valley(&own, other)) {
            found.push(own);
        }
    }
    let written = |x: &Vec<f64>| {
        let mut z = vec![0.0; n];
        q.place(1, x, &mut z);
        z
    };
    found.iter().map(written).collect()
}

/// log p in coordinates in which q is N(0, I).
struct Climb<'t, 'd> {
    target: &'t Target<'d>,
    q: &'t Gaussian,
    theta: &'t [f64],
}

impl Climb<'_, '_> {
    /// `[n][POINTS]`
    fn starts(&self, seed: u64) -> Vec<f64> {
        let n = self.q.n();
        let mut rng = rng(seed, Task::Modes);
        let mut around = vec![0.0; n * POINTS];
        fill_normal(&mut rng, &mut around);
        around.iter_mut().for_each(|x| *x *= SPREAD);
        let z: Vec<f64> = (0..n * POINTS).map(|_| HALF_WIDTH * (2.0 * rng.random::<f64>() - 1.0)).collect();
        let mut near_zero = vec![0.0; n * POINTS];
        self.q.whiten(POINTS, &z, &mut near_zero);
        let choose = |(k, (a, b)): (usize, (f64, f64))| if (k % POINTS).is_multiple_of(2) { a } else { b };
        around.into_iter().zip(near_zero).enumerate().map(choose).collect()
    }

    fn gradient(&self, lanes: usize, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut latent = vec![0.0; x.len()];
        self.q.place(lanes, x, &mut latent);
        let z = self.target.scatter(lanes, &latent, self.theta);
        let (mut values, mut slopes) = (vec![0.0; lanes], vec![0.0; z.len()]);
        self.target.gradient_in_blocks(lanes, &z, &mut values, &mut slopes);
        let mut gradient = vec![0.0; x.len()];
        self.q.pull_back(lanes, &self.target.gather_latent(lanes, &slopes), &mut gradient);
        (values, gradient)
    }

    fn height(&self, x: &[f64]) -> f64 {
        self.heights(1, x)[0]
    }

    fn heights(&self, lanes: usize, x: &[f64]) -> Vec<f64> {
        let mut latent = vec![0.0; x.len()];
        self.q.place(lanes, x, &mut latent);
        self.target.values(lanes, &self.target.scatter(lanes, &latent, self.theta))
    }

    /// Gradient ascent with the step lengths of Barzilai and Borwein (1988), each point with its own; where it ends.
    fn ascend(&self, mut x: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
        const LONGEST: f64 = 2.0;
        let n = self.q.n();
        let (mut height, mut slope) = self.gradient(POINTS, &x);
        let mut length = [1e-2_f64; POINTS];
        for _ in 0..STEPS {
            let mut next = x.clone();
            for l in 0..POINTS {
                let norm = (0..n).map(|i| slope[i * POINTS + l].powi(2)).sum::<f64>().sqrt();
                let step = length[l].min(LONGEST * (n as f64).sqrt() / norm.max(1e-300));
                (0..n).for_each(|i| next[i * POINTS + l] += step * slope[i * POINTS + l]);
            }
            let (new_height, new_slope) = self.gradient(POINTS, &next);
            let mut most_gained = 0.0_f64;
            for l in 0..POINTS {
                let at = |i: usize| i * POINTS + l;
                let is_finite = new_height[l].is_finite() && (0..n).all(|i| new_slope[at(i)].is_finite());
                // a point without a density climbs out of there if it can
                if !is_finite || new_height[l] < height[l] - 1e-9 * height[l].abs() {
                    length[l] *= 0.25;
                    most_gained = f64::INFINITY;
                    continue;
                }
                let (mut moved, mut bent) = (0.0, 0.0);
                for i in 0..n {
                    let dx = next[at(i)] - x[at(i)];
                    moved += dx * dx;
                    bent -= dx * (new_slope[at(i)] - slope[at(i)]);
                    x[at(i)] = next[at(i)];
                    slope[at(i)] = new_slope[at(i)];
                }
                length[l] = if bent > 0.0 { moved / bent } else { 4.0 * length[l] };
                most_gained = most_gained.max(new_height[l] - height[l]);
                height[l] = new_height[l];
            }
            if most_gained < ARRIVED {
                break;
            }
        }
        (x, height)
    }

    /// Whether log p falls on the way from a to b, and rises again.
    fn has_valley(&self, a: &[f64], b: &[f64]) -> bool {
        let lanes = BETWEEN + 2;
        let share = |l: usize| l as f64 / (lanes - 1) as f64;
        let x: Vec<f64> =
            a.iter().zip(b).flat_map(|(a, b)| (0..lanes).map(move |l| a + share(l) * (b - a))).collect();
        let heights = self.heights(lanes, &x);
        let ends = heights[0].min(heights[lanes - 1]);
        // what has no density is a valley too
        heights.iter().any(|h| h.is_nan() || *h < ends - VALLEY)
    }
}
