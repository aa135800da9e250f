//! One pass over the tables of a discrete latent: probabilities of its states and a joint draw of them, at one point.

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use crate::compile::{Conditional, SummedOut};

/// Below this products of two exponentials lose digits.
const LEAST_WEIGHT: f64 = 1e-200;

/// A pass over the elements of a latent at one point, in the order opposite to that in which they were summed out.
pub struct Pass<'l> {
    pub latent: &'l SummedOut,
    /// Of each element's values given the point, `[elements][values]`.
    pub probabilities: Vec<f64>,
    /// The value that is drawn, by its place among all.
    pub states: Vec<usize>,
    /// exp(weights - their maximum).
    weights: Vec<f64>,
    /// exp(pair - maximum over the first element's values), `[second][first]`, of the pair that it is of.
    factors: Vec<f64>,
    known_pair: Option<u32>,
    /// Of an element's values given the next element.
    conditional: Vec<f64>,
}

impl<'l> Pass<'l> {
    pub fn new(latent: &'l SummedOut) -> Pass<'l> {
        let (n, k) = (latent.n_elements(), latent.values.len());
        Pass {
            latent,
            probabilities: vec![0.0; n * k],
            states: vec![0; n],
            weights: vec![0.0; k],
            factors: vec![0.0; if latent.n_pairs > 0 { k * k } else { 0 }],
            known_pair: None,
            conditional: vec![0.0; k],
        }
    }

    /// Probabilities and a draw, from the numbers of the tables; false where they are not finite.
    pub fn run(&mut self, table: impl Fn(usize) -> f64, rng: &mut ChaCha12Rng) -> bool {
        let (n, k) = (self.latent.n_elements(), self.latent.values.len());
        self.known_pair = None;
        for i in (0..n).rev() {
            let Conditional { row, next, .. } = self.latent.elements[i];
            let own = |s: usize| table(row as usize * k + s);
            let most = (0..k).map(own).fold(f64::NEG_INFINITY, f64::max);
            if !most.is_finite() || (0..k).any(|s| own(s).is_nan()) {
                return false;
            }
            (0..k).for_each(|s| self.weights[s] = (own(s) - most).exp());
            let (before, after) = self.probabilities.split_at_mut((i + 1) * k);
            let probabilities = &mut before[i * k..];
            let u: f64 = rng.random();
            let Some(next) = next else {
                let total: f64 = self.weights.iter().sum();
                probabilities.iter_mut().zip(&self.weights).for_each(|(p, weight)| *p = weight / total);
                self.states[i] = drawn(&self.weights, u * total);
                continue;
            };
            let pair = |s: usize, t: usize| table((n + next.pair as usize * k + s) * k + t);
            if self.known_pair != Some(next.pair) {
                for t in 0..k {
                    let most = (0..k).map(|s| pair(s, t)).fold(f64::NEG_INFINITY, f64::max);
                    let shift = if most.is_finite() { most } else { 0.0 };
                    (0..k).for_each(|s| self.factors[t * k + s] = (pair(s, t) - shift).exp());
                }
                self.known_pair = Some(next.pair);
            }
            probabilities.fill(0.0);
            let after = &after[(next.element as usize - i - 1) * k..][..k];
            let state = self.states[next.element as usize];
            for (t, &p) in after.iter().enumerate().filter(|(t, p)| **p > 0.0 || *t == state) {
                let factors = &self.factors[t * k..(t + 1) * k];
                let products = self.weights.iter().zip(factors).map(|(weight, factor)| weight * factor);
                self.conditional.iter_mut().zip(products).for_each(|(own, product)| *own = product);
                let mut total: f64 = self.conditional.iter().sum();
                if total.is_nan() || total < LEAST_WEIGHT {
                    let joint = |s: usize| own(s) + pair(s, t);
                    let most = (0..k).map(joint).fold(f64::NEG_INFINITY, f64::max);
                    (0..k).for_each(|s| self.conditional[s] = (joint(s) - most).exp());
                    total = self.conditional.iter().sum();
                }
                if !total.is_finite() {
                    return false;
                }
                for (sum, own) in probabilities.iter_mut().zip(&self.conditional) {
                    *sum += p * own / total;
                }
                if t == state {
                    self.states[i] = drawn(&self.conditional, u * total);
                }
            }
        }
        true
    }
}

/// The first place up to which weights sum to more than `u`.
fn drawn(weights: &[f64], u: f64) -> usize {
    let mut sum = 0.0;
    let found = weights.iter().position(|weight| {
        sum += weight;
        sum > u
    });
    // Rounding: the last that is possible.
    found.or_else(|| weights.iter().rposition(|weight| *weight > 0.0)).unwrap_or(0)
}
