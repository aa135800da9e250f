//! Discrete latents that were summed out: the probabilities of their states given the data, and draws of them.
//!
//! A draw of the other latents gives the tables of a [`SummedOut`]. A pass over them, last element first, gives the probabilities
//! of all states given this draw (forwards-backwards) and, with a random number for each element, a joint draw of the states.

use std::ops::Range;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::elimination::Steps;
use super::summarise::{MAX_DRAWN_NUMBERS, MIN_DRAWS};
use super::summary::{Summary, finite, mean_sd};
use super::{Convergence, Method, Posterior};
use crate::compile::{Density, DiscreteLatent, Quantity, QuantityKind, SummedOut};
use crate::density::LogDensity;
use crate::types::ElementType;

/// Points of one evaluation, of few states. Fixed by the model, so that results do not depend on the threads.
const LANES: usize = 64;
/// Numbers of the tables of one evaluation.
const MAX_TABLES: usize = 1 << 22;
/// Evaluations that are kept before they are put in place.
const BLOCKS_AT_ONCE: usize = 16;

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
        let of_group = |group: &SummedOut| {
            let range = from * lanes..(from + group.n_states()) * lanes;
            from += group.n_states();
            blocks_of(group, &tables[range], lanes, first..first + own, seed)
        };
        summed_out.iter().flat_map(of_group).collect::<Vec<Block>>()
    };
    let latents = || summed_out.iter().flat_map(|group| &group.latents);
    let mut sums: Vec<Sums> = latents().map(|latent| Sums::new(latent, n)).collect();
    let starts: Vec<usize> = (0..n).step_by(lanes).collect();
    for starts in starts.chunks(BLOCKS_AT_ONCE) {
        let blocks: Vec<Vec<Block>> = starts.par_iter().map(|&first| block(first)).collect();
        for (&first, blocks) in starts.iter().zip(blocks) {
            sums.iter_mut().zip(blocks).for_each(|(sum, block)| sum.add(&block, first, n));
        }
    }
    latents().zip(sums).map(|(latent, sums)| sums.finish(latent)).collect()
}

/// Adds the states of discrete latents to a posterior, as quantities behind all others, drawn at the points `z[D][n_draws]` that its
/// draws are of; not where there are too many, with a warning.
pub fn add_states(posterior: &mut Posterior, density: &Density, summed_out: &[SummedOut], z: &[f64]) {
    let n = posterior.draws.n_draws();
    if n == 0 || summed_out.is_empty() {
        return;
    }
    if n > affordable_draws(summed_out, n) {
        let names: Vec<String> = summed_out
            .iter()
            .flat_map(|group| &group.latents)
            .map(|latent| format!("`{}`", latent.name))
            .collect();
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
    let latents = summed_out.iter().flat_map(|group| &group.latents);
    let mut all: Vec<(&DiscreteLatent, Drawn)> =
        latents.zip(draw_states(density, summed_out, z, n, seed)).collect();
    all.sort_by_key(|(latent, _)| latent.index);
    for (latent, drawn) in all {
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

/// The states of all latents of a group at the points of one evaluation.
fn blocks_of(group: &SummedOut, tables: &[f64], lanes: usize, draws: Range<usize>, seed: u64) -> Vec<Block> {
    let steps = Steps::new(&group.elimination);
    let points = draws.len();
    let empty = |latent: &DiscreteLatent| {
        let (n, k) = (latent.n_elements(), latent.values.len());
        Block {
            probabilities: vec![0.0; n * k],
            means: vec![f64::NAN; n * points],
            draws: vec![f64::NAN; n * points],
            n_finite: 0,
        }
    };
    let mut blocks: Vec<Block> = group.latents.iter().map(empty).collect();
    let latent_of = |variable: usize| {
        group
            .latents
            .iter()
            .position(|latent| (latent.first..latent.first + latent.n_elements()).contains(&variable))
    };
    let mut states = vec![0; group.elimination.n_steps()];
    for (lane, draw) in draws.enumerate() {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        rng.set_stream(draw as u64 + 1);
        let Some(mut found) = steps.run(|at| tables[at * lanes + lane]) else { continue };
        steps.draw(&found, &mut rng, &mut states);
        for (latent, block) in group.latents.iter().zip(&mut blocks) {
            block.n_finite += 1;
            for (element, &position) in latent.positions.iter().enumerate() {
                let value = latent.values[states[latent.first + element]];
                block.draws[position as usize * points + lane] = value;
            }
        }
        steps.marginals(&mut found, |variable, own| {
            let Some(at) = latent_of(variable) else { return };
            let (latent, block) = (&group.latents[at], &mut blocks[at]);
            let (position, k) = (latent.positions[variable - latent.first] as usize, own.len());
            let sums = &mut block.probabilities[position * k..(position + 1) * k];
            sums.iter_mut().zip(own).for_each(|(sum, p)| *sum += p);
            let mean: f64 = latent.values.iter().zip(own).map(|(value, p)| value * p).sum();
            block.means[position * points + lane] = mean;
        });
    }
    blocks
}

/// Sums over all points.
struct Sums {
    probabilities: Vec<f64>,
    means: Vec<f64>,
    draws: Vec<f64>,
    n_finite: usize,
}

impl Sums {
    fn new(latent: &DiscreteLatent, n: usize) -> Sums {
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

    fn finish(mut self, latent: &DiscreteLatent) -> Drawn {
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
