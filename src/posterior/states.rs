//! Discrete latents that were summed out: the probabilities of their states given the data, and draws of them.
//!
//! A draw of the other latents gives the tables of a [`SummedOut`]. A pass over them, last element first, gives the probabilities
//! of all states given this draw (forwards-backwards) and, with a random number for each element, a joint draw of the states.

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::summarise::{MAX_DRAWN_NUMBERS, MIN_DRAWS};
use super::summary::{Summary, finite, mean_sd};
use super::{Convergence, Method, Posterior};
use crate::compile::{Conditional, Density, Quantity, QuantityKind, SummedOut};
use crate::density::LogDensity;
use crate::types::ElementType;

/// Points of one evaluation, of few states. Fixed by the model, so that results do not depend on the threads.
const LANES: usize = 64;
/// Numbers of the tables of one evaluation.
const MAX_TABLES: usize = 1 << 22;
/// Evaluations that are kept before they are put in place.
const BLOCKS_AT_ONCE: usize = 16;
/// Below this products of two exponentials lose digits.
const LEAST_WEIGHT: f64 = 1e-200;

/// The posterior of a discrete latent.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    /// That each element may take, in ascending order.
    pub values: Vec<f64>,
    /// Of each element's values, averaged over draws of the other latents, `[elements][values]`.
    pub probabilities: Vec<f64>,
}

impl States {
    pub fn of_element(&self, element: usize) -> &[f64] {
        let k = self.values.len();
        &self.probabilities[element * k..(element + 1) * k]
    }

    /// The most probable value of an element, with its probability; the smallest of several. `None`: not a number.
    pub fn mode(&self, element: usize) -> Option<(f64, f64)> {
        let all = self.values.iter().zip(self.of_element(element)).map(|(value, p)| (*value, *p));
        all.filter(|(_, p)| !p.is_nan()).reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    pub fn mean(&self, element: usize) -> f64 {
        self.values.iter().zip(self.of_element(element)).map(|(value, p)| value * p).sum()
    }

    pub fn variance(&self, element: usize) -> f64 {
        let mean = self.mean(element);
        let square = |(value, p): (&f64, &f64)| (value - mean) * (value - mean) * p;
        self.values.iter().zip(self.of_element(element)).map(square).sum()
    }

    /// The smallest value that is not exceeded with probability p.
    pub fn quantile(&self, element: usize, p: f64) -> f64 {
        let probabilities = self.of_element(element);
        if probabilities.iter().any(|p| p.is_nan()) {
            return f64::NAN;
        }
        // A sum of rounded probabilities may end below 1.
        let p = p - 1e-12;
        let mut below = 0.0;
        let found = self.values.iter().zip(probabilities).find(|(_, own)| {
            below += *own;
            **own > 0.0 && below >= p
        });
        let last = || self.values.iter().zip(probabilities).rfind(|(_, own)| **own > 0.0);
        found.or_else(last).map_or(f64::NAN, |(value, _)| *value)
    }

    fn summary(&self, element: usize, mcse: f64) -> Summary {
        let [q05, q50, q95] = [0.05, 0.5, 0.95].map(|p| finite(self.quantile(element, p)));
        Summary {
            mean: finite(self.mean(element)),
            sd: finite(self.variance(element).sqrt()),
            q05,
            q50,
            q95,
            mcse: finite(mcse),
        }
    }
}

/// What the tables of a discrete latent say at a number of points.
#[derive(Debug, PartialEq)]
pub struct Drawn {
    pub states: States,
    /// Standard errors of the means of the elements, of independent points.
    pub mcse: Vec<f64>,
    /// `[elements][n]`; not a number where the density of a point is not finite.
    pub draws: Vec<f64>,
}

impl Drawn {
    /// What is said of these elements, of `n` draws.
    fn of_elements(self, elements: &[usize], n: usize) -> Drawn {
        let Drawn { states, mcse, draws } = self;
        Drawn {
            mcse: elements.iter().map(|&element| mcse[element]).collect(),
            draws: elements
                .iter()
                .flat_map(|&element| &draws[element * n..(element + 1) * n])
                .copied()
                .collect(),
            states: States {
                probabilities: elements
                    .iter()
                    .flat_map(|&element| states.of_element(element))
                    .copied()
                    .collect(),
                values: states.values,
            },
        }
    }
}

/// How many of `n_draws` draws to make, for those of all discrete latents to fit in memory.
pub fn affordable_draws(summed_out: &[SummedOut], n_draws: usize) -> usize {
    (MAX_DRAWN_NUMBERS / n_elements(summed_out).max(1)).max(MIN_DRAWS).min(n_draws)
}

fn n_elements(summed_out: &[SummedOut]) -> usize {
    summed_out.iter().map(SummedOut::n_elements).sum()
}

/// States of all discrete latents at the points `z[D][n]`, as written.
pub fn draw_states(
    density: &Density,
    summed_out: &[SummedOut],
    z: &[f64],
    n: usize,
    seed: u64,
) -> Vec<Drawn> {
    let lanes = (MAX_TABLES / density.n_states().max(1)).clamp(1, LANES);
    let block = |first: usize| {
        let own = lanes.min(n - first);
        let mut points = vec![0.0; density.dim() * lanes];
        for (lane_values, all) in points.chunks_exact_mut(lanes).zip(z.chunks_exact(n)) {
            lane_values[..own].copy_from_slice(&all[first..first + own]);
            // Lanes beyond the last point repeat it, so that every evaluation has the same size.
            lane_values[own..].fill(all[first + own - 1]);
        }
        let mut tables = vec![0.0; density.n_states() * lanes];
        density.states(lanes, &points, &mut tables);
        let mut from = 0;
        let of_latent = |latent: &SummedOut| {
            let range = from * lanes..(from + latent.n_states()) * lanes;
            from += latent.n_states();
            Block::new(latent, &tables[range], lanes, first..first + own, seed)
        };
        summed_out.iter().map(of_latent).collect::<Vec<Block>>()
    };
    let mut sums: Vec<Sums> = summed_out.iter().map(|latent| Sums::new(latent, n)).collect();
    let starts: Vec<usize> = (0..n).step_by(lanes).collect();
    for starts in starts.chunks(BLOCKS_AT_ONCE) {
        let blocks: Vec<Vec<Block>> = starts.par_iter().map(|&first| block(first)).collect();
        for (&first, blocks) in starts.iter().zip(blocks) {
            sums.iter_mut().zip(blocks).for_each(|(sum, block)| sum.add(&block, first, n));
        }
    }
    summed_out.iter().zip(sums).map(|(latent, sums)| sums.finish(latent)).collect()
}

/// Adds the states of discrete latents to a posterior, as quantities behind all others, drawn at the points `z[D][n_draws]` that its
/// draws are of; not where there are too many, with a warning.
pub fn add_states(posterior: &mut Posterior, density: &Density, summed_out: &[SummedOut], z: &[f64]) {
    let n = posterior.draws.n_draws();
    if n == 0 || summed_out.is_empty() {
        return;
    }
    if n > affordable_draws(summed_out, n) {
        let names: Vec<String> = summed_out.iter().map(|latent| format!("`{}`", latent.name)).collect();
        posterior.warnings.push(format!(
            "the states of {} are not reported: {n} draws of {} elements are too many, `--draws` makes fewer",
            names.join(", "),
            n_elements(summed_out)
        ));
        return;
    }
    let seed = posterior.method.seed();
    // They are functions of the other latents, and no better than these.
    let verdict = posterior.verdict();
    let is_exact = posterior.coordinates.is_empty();
    for (latent, drawn) in summed_out.iter().zip(draw_states(density, summed_out, z, n, seed)) {
        let offset = posterior.summaries.len();
        let drawn = drawn.of_elements(&latent.reported(), n);
        let kind = if latent.missing.is_some() { QuantityKind::Imputed } else { QuantityKind::Latent };
        let quantity = Quantity {
            name: latent.name.clone(),
            kind,
            dims: latent.dims.clone(),
            labels: latent.labels.clone(),
            element: ElementType::Int,
            doc: latent.doc.clone(),
            offset,
            marginals: vec![None; drawn.mcse.len()],
        };
        for (element, mcse) in drawn.mcse.iter().enumerate() {
            let row = &drawn.draws[element * n..(element + 1) * n];
            let mcse = match posterior.draws.by_chain(row) {
                _ if is_exact => 0.0,
                Some(chains) => chains.mcse_mean(),
                None => *mcse,
            };
            posterior.summaries.push(drawn.states.summary(element, mcse));
        }
        posterior.verdicts.extend(verdict.iter().cycle().take(quantity.len()));
        if let Method::Nuts(nuts) = &mut posterior.method {
            nuts.convergence.extend(vec![Convergence::default(); quantity.len()]);
        }
        posterior.draws.append(drawn.draws);
        posterior.states.push((quantity.name.clone(), drawn.states));
        posterior.quantities.push(quantity);
    }
}

/// The states of one latent at the points of one evaluation.
struct Block {
    /// Sums over points, `[elements][values]`.
    probabilities: Vec<f64>,
    /// Of each element the mean given each point, and the value drawn, `[elements][points]`.
    means: Vec<f64>,
    draws: Vec<f64>,
    /// Points where the density is finite.
    n_finite: usize,
}

impl Block {
    fn new(latent: &SummedOut, tables: &[f64], lanes: usize, draws: Range<usize>, seed: u64) -> Block {
        let (n, k, points) = (latent.n_elements(), latent.values.len(), draws.len());
        let mut block = Block {
            probabilities: vec![0.0; n * k],
            means: vec![f64::NAN; n * points],
            draws: vec![f64::NAN; n * points],
            n_finite: 0,
        };
        let mut pass = Pass::new(latent);
        for (lane, draw) in draws.enumerate() {
            let mut rng = ChaCha12Rng::seed_from_u64(seed);
            rng.set_stream(draw as u64 + 1);
            if !pass.run(|at| tables[at * lanes + lane], &mut rng) {
                continue;
            }
            block.n_finite += 1;
            for (i, Conditional { position, .. }) in latent.elements.iter().enumerate() {
                let (position, own) = (*position as usize, &pass.probabilities[i * k..(i + 1) * k]);
                let sums = &mut block.probabilities[position * k..(position + 1) * k];
                sums.iter_mut().zip(own).for_each(|(sum, p)| *sum += p);
                let mean: f64 = latent.values.iter().zip(own).map(|(value, p)| value * p).sum();
                block.means[position * points + lane] = mean;
                block.draws[position * points + lane] = latent.values[pass.states[i]];
            }
        }
        block
    }
}

/// Sums over all points.
struct Sums {
    probabilities: Vec<f64>,
    means: Vec<f64>,
    draws: Vec<f64>,
    n_finite: usize,
}

impl Sums {
    fn new(latent: &SummedOut, n: usize) -> Sums {
        let (elements, k) = (latent.n_elements(), latent.values.len());
        Sums {
            probabilities: vec![0.0; elements * k],
            means: vec![0.0; elements * n],
            draws: vec![0.0; elements * n],
            n_finite: 0,
        }
    }

    /// Adds a block whose points begin at `first` of `n`.
    fn add(&mut self, block: &Block, first: usize, n: usize) {
        self.n_finite += block.n_finite;
        self.probabilities.iter_mut().zip(&block.probabilities).for_each(|(sum, own)| *sum += own);
        let points = block.draws.len() * n / self.draws.len().max(1);
        for (all, own) in [(&mut self.draws, &block.draws), (&mut self.means, &block.means)] {
            for (row, own) in all.chunks_exact_mut(n).zip(own.chunks_exact(points.max(1))) {
                row[first..first + points].copy_from_slice(own);
            }
        }
    }

    fn finish(mut self, latent: &SummedOut) -> Drawn {
        let n_finite = self.n_finite as f64;
        self.probabilities.iter_mut().for_each(|sum| *sum /= n_finite);
        let n = self.draws.len() / latent.n_elements().max(1);
        let mcse = |means: &[f64]| {
            let finite: Vec<f64> = means.iter().copied().filter(|mean| mean.is_finite()).collect();
            mean_sd(&finite).1 / n_finite.sqrt()
        };
        let mcse = self.means.par_chunks_exact(n.max(1)).map(mcse).collect();
        let states = States { values: latent.values.clone(), probabilities: self.probabilities };
        Drawn { states, mcse, draws: self.draws }
    }
}

/// A pass over the elements of a latent at one point, in the order opposite to that in which they were summed out.
struct Pass<'l> {
    latent: &'l SummedOut,
    /// Of each element's values given the point, `[elements][values]`.
    probabilities: Vec<f64>,
    /// The value that is drawn, by its place among all.
    states: Vec<usize>,
    /// exp(weights - their maximum).
    weights: Vec<f64>,
    /// exp(pair - maximum over the first element's values), `[second][first]`, of the pair that it is of.
    factors: Vec<f64>,
    known_pair: Option<u32>,
    /// Of an element's values given the next element.
    conditional: Vec<f64>,
}

impl<'l> Pass<'l> {
    fn new(latent: &'l SummedOut) -> Pass<'l> {
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
    fn run(&mut self, table: impl Fn(usize) -> f64, rng: &mut ChaCha12Rng) -> bool {
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
