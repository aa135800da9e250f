//! Passes over the tables of discrete latents at draws of the others: averages over them, and draws of states.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::steps::Steps;
use super::{StatePath, States};
use crate::compile::{Density, DiscreteLatent, SummedOut, in_file_order};
use crate::density::LogDensity;

/// Points of one evaluation, of few states. Fixed by the model, so that results do not depend on the threads.
const LANES: usize = 64;
/// Numbers of the tables of one evaluation.
const MAX_TABLES: usize = 1 << 22;
/// Evaluations whose sums are kept before they are added up, and how many numbers these may have.
const BLOCKS_AT_ONCE: usize = 16;
const MAX_KEPT: usize = 1 << 24;

/// What the tables of a discrete latent say at a number of points.
#[derive(Debug, PartialEq)]
pub struct Drawn {
    /// Of all elements; their errors are those of independent points.
    pub states: States,
    /// Standard errors of the means of the elements, of independent points.
    pub mcse: Vec<f64>,
    /// `[elements][n]`; not a number where the density of a point is not finite. Empty where none were asked for.
    pub draws: Vec<f64>,
}

/// Points `z[D][n]`, as written, at which discrete latents have tables. A point's draw of states depends on its place among them.
#[derive(Clone, Copy)]
pub struct TablesAt<'a> {
    pub density: &'a Density,
    pub summed_out: &'a [SummedOut],
    pub z: &'a [f64],
    pub n: usize,
    pub seed: u64,
}

impl TablesAt<'_> {
    /// How many points are evaluated together.
    fn lanes(&self) -> usize {
        (MAX_TABLES / self.density.n_states().max(1)).clamp(1, LANES)
    }

    /// `[numbers of all tables][lanes]` at up to [`Self::lanes`] of the points.
    fn tables(&self, points: &[usize]) -> Vec<f64> {
        let lanes = self.lanes();
        // Lanes beyond the last point repeat it, so that every evaluation has the same size.
        let at = |lane: usize| points[lane.min(points.len() - 1)];
        let mut z = vec![0.0; self.density.dim() * lanes];
        for (own, all) in z.chunks_exact_mut(lanes).zip(self.z.chunks_exact(self.n)) {
            own.iter_mut().enumerate().for_each(|(lane, x)| *x = all[at(lane)]);
        }
        let mut tables = vec![0.0; self.density.n_states() * lanes];
        self.density.states(lanes, &z, &mut tables);
        tables
    }

    /// The most likely values of latents whose elements depend on each other, from averages over some of the points.
    pub fn paths(&self, points: &[usize]) -> Vec<Option<StatePath>> {
        let latents = in_file_order(self.summed_out);
        let mut paths: Vec<Option<StatePath>> = vec![None; latents.len()];
        if points.is_empty() || !self.summed_out.iter().any(SummedOut::is_coupled) {
            return paths;
        }
        let lanes = self.lanes();
        let mut average = vec![0.0; self.density.n_states()];
        for points in points.chunks(lanes) {
            for (sum, own) in average.iter_mut().zip(self.tables(points).chunks_exact(lanes)) {
                *sum += own[..points.len()].iter().sum::<f64>();
            }
        }
        average.iter_mut().for_each(|x| *x /= points.len() as f64);
        let mut from = 0;
        for group in self.summed_out {
            let own = from..from + group.n_states();
            from = own.end;
            if !group.is_coupled() || average[own.clone()].iter().any(|x| x.is_nan()) {
                continue;
            }
            let steps = Steps::new(&group.elimination);
            let mut states = vec![0; group.elimination.n_steps()];
            steps.most_likely(|at| average[own.start + at], &mut states);
            let mut probability = 0.0;
            for points in points.chunks(lanes) {
                let tables = self.tables(points);
                for lane in 0..points.len() {
                    let table = |at: usize| tables[(own.start + at) * lanes + lane];
                    let found = steps.run(table);
                    probability +=
                        found.map_or(0.0, |found| (steps.log_weight(table, &states) - found.log_sum).exp());
                }
            }
            probability /= points.len() as f64;
            for latent in &group.latents {
                let mut values = vec![f64::NAN; latent.n_elements()];
                for (element, &position) in latent.positions.iter().enumerate() {
                    values[position as usize] = latent.values[states[latent.first + element]];
                }
                let at = latents.iter().position(|other| other.index == latent.index);
                if let Some(at) = at {
                    paths[at] = Some(StatePath { values, probability });
                }
            }
        }
        paths
    }

    /// Evaluates the tables at up to [`Self::lanes`] of the points and looks at the states of each latent: `each(latent, k, found)`
    /// of the k-th of the points. It is not called where the density is not finite.
    fn visit(&self, points: &[usize], mut each: impl FnMut(usize, usize, &Found<'_>)) {
        if points.is_empty() {
            return;
        }
        let (lanes, tables) = (self.lanes(), self.tables(points));
        let rng = |point: &usize| {
            let mut rng = ChaCha12Rng::seed_from_u64(self.seed);
            rng.set_stream(*point as u64 + 1);
            rng
        };
        // One latent after the other goes on with a point's random numbers: their draws are independent.
        let mut rngs: Vec<ChaCha12Rng> = points.iter().map(rng).collect();
        let order: Vec<usize> = in_file_order(self.summed_out).iter().map(|latent| latent.index).collect();
        let mut from = 0;
        for group in self.summed_out {
            let own = &tables[from * lanes..(from + group.n_states()) * lanes];
            from += group.n_states();
            let steps = Steps::new(&group.elimination);
            let cards = &group.elimination.cards;
            let mut starts = vec![0; cards.len() + 1];
            cards
                .iter()
                .enumerate()
                .for_each(|(variable, card)| starts[variable + 1] = starts[variable] + card);
            let mut probabilities = vec![0.0; starts[cards.len()]];
            let mut states = vec![0; cards.len()];
            for (k, rng) in rngs.iter_mut().enumerate() {
                let Some(mut found) = steps.run(|at| own[at * lanes + k]) else { continue };
                steps.draw(&found, rng, &mut states);
                steps.marginals(&mut found, |variable, own| {
                    probabilities[starts[variable]..starts[variable + 1]].copy_from_slice(own);
                });
                for latent in &group.latents {
                    let variables = latent.first..latent.first + latent.n_elements();
                    let of_latent = starts[variables.start]..starts[variables.end];
                    let (probabilities, states) = (&probabilities[of_latent], &states[variables]);
                    let at = order.partition_point(|index| *index < latent.index);
                    each(at, k, &Found { latent, probabilities, states });
                }
            }
        }
    }

    /// Averages over some of the points; of the latents in `drawn` also a draw at each of these points.
    pub fn average(&self, points: &[usize], drawn: &[bool]) -> Vec<Drawn> {
        let lanes = self.lanes();
        let m = points.len();
        let latents = in_file_order(self.summed_out);
        let block = |points: &[usize]| {
            let mut blocks: Vec<Block> =
                latents.iter().zip(drawn).map(|(l, drawn)| Block::new(l, points.len(), *drawn)).collect();
            self.visit(points, |l, k, found| blocks[l].add(k, found));
            blocks
        };
        let mut sums: Vec<Sums> = latents.iter().map(|latent| Sums::new(latent)).collect();
        let mut draws: Vec<Vec<f64>> = latents
            .iter()
            .zip(drawn)
            .map(|(latent, drawn)| vec![f64::NAN; if *drawn { latent.n_elements() * m } else { 0 }])
            .collect();
        let numbers: usize = sums.iter().map(|sums| 2 * sums.mean.len()).sum();
        let at_once = (MAX_KEPT / numbers.max(1)).clamp(1, BLOCKS_AT_ONCE);
        let of_blocks: Vec<&[usize]> = points.chunks(lanes).collect();
        let mut first = 0;
        for of_blocks in of_blocks.chunks(at_once) {
            let blocks: Vec<Vec<Block>> = of_blocks.par_iter().map(|points| block(points)).collect();
            for (points, blocks) in of_blocks.iter().zip(blocks) {
                for ((sums, draws), block) in sums.iter_mut().zip(&mut draws).zip(blocks) {
                    sums.merge(&block.sums);
                    let rows = draws.chunks_exact_mut(m).zip(block.draws.chunks_exact(points.len()));
                    rows.for_each(|(row, own)| row[first..first + own.len()].copy_from_slice(own));
                }
                first += points.len();
            }
        }
        let of_latent =
            |((latent, sums), draws): ((&DiscreteLatent, Sums), Vec<f64>)| sums.finish(latent, draws);
        latents.into_iter().zip(sums).zip(draws).map(of_latent).collect()
    }

    /// A draw of a latent at each of some points, `[elements][points]`: the same as in an average over them.
    pub fn draws(&self, latent: usize, points: &[usize]) -> Vec<f64> {
        let m = points.len();
        let mut draws = vec![f64::NAN; in_file_order(self.summed_out)[latent].n_elements() * m];
        for (block, points) in points.chunks(self.lanes()).enumerate() {
            let first = block * self.lanes();
            self.visit(points, |l, k, found| {
                if l == latent {
                    found.each_state(|position, value| draws[position * m + first + k] = value);
                }
            });
        }
        draws
    }
}

/// States of all discrete latents at the points `z[D][n]`, as written, with a draw at each.
pub fn draw_states(
    density: &Density,
    summed_out: &[SummedOut],
    z: &[f64],
    n: usize,
    seed: u64,
) -> Vec<Drawn> {
    let points: Vec<usize> = (0..n).collect();
    TablesAt { density, summed_out, z, n, seed }
        .average(&points, &vec![true; in_file_order(summed_out).len()])
}

/// The states of a latent at one point.
struct Found<'a> {
    latent: &'a DiscreteLatent,
    /// `[elements][values]`
    probabilities: &'a [f64],
    /// The value that each element was drawn to have, by its place among all.
    states: &'a [usize],
}

impl Found<'_> {
    /// The value that each element was drawn to have, by its position.
    fn each_state(&self, mut each: impl FnMut(usize, f64)) {
        for (&position, &state) in self.latent.positions.iter().zip(self.states) {
            each(position as usize, self.latent.values[state]);
        }
    }
}

/// The states of one latent at the points of one evaluation.
struct Block {
    sums: Sums,
    /// `[elements][points]`
    draws: Vec<f64>,
    points: usize,
}

impl Block {
    fn new(latent: &DiscreteLatent, points: usize, is_drawn: bool) -> Block {
        let n = if is_drawn { latent.n_elements() * points } else { 0 };
        Block { sums: Sums::new(latent), draws: vec![f64::NAN; n], points }
    }

    fn add(&mut self, k: usize, found: &Found<'_>) {
        self.sums.add(found);
        if !self.draws.is_empty() {
            found.each_state(|position, value| self.draws[position * self.points + k] = value);
        }
    }
}

/// Means and sums of squared deviations over points, `[elements][values + 1]`: of the probabilities, and of the mean that they give.
struct Sums {
    n: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn new(latent: &DiscreteLatent) -> Sums {
        let len = latent.n_elements() * (latent.values.len() + 1);
        Sums { n: 0.0, mean: vec![0.0; len], squares: vec![0.0; len] }
    }

    /// Adds a point (Welford 1962): exact where all points agree.
    fn add(&mut self, found: &Found<'_>) {
        let values = &found.latent.values;
        let k = values.len();
        self.n += 1.0;
        for (own, &position) in found.probabilities.chunks_exact(k).zip(&found.latent.positions) {
            let at = position as usize * (k + 1);
            let mean: f64 = values.iter().zip(own).map(|(value, p)| value * p).sum();
            let sums = self.mean[at..=at + k].iter_mut().zip(&mut self.squares[at..=at + k]);
            for ((average, squares), x) in sums.zip(own.iter().chain([&mean])) {
                let delta = x - *average;
                *average += delta / self.n;
                *squares += delta * (x - *average);
            }
        }
    }

    /// Adds the points of another evaluation (Chan et al. 1979).
    fn merge(&mut self, other: &Sums) {
        let n = self.n + other.n;
        if other.n == 0.0 {
            return;
        }
        let own = self.mean.iter_mut().zip(&mut self.squares);
        for ((mean, squares), (x, s)) in own.zip(other.mean.iter().zip(&other.squares)) {
            let delta = x - *mean;
            *mean += delta * (other.n / n);
            *squares += s + delta * delta * (self.n * other.n / n);
        }
        self.n = n;
    }

    fn finish(self, latent: &DiscreteLatent, draws: Vec<f64>) -> Drawn {
        let k = latent.values.len();
        let mean = |mean: f64| if self.n > 0.0 { mean } else { f64::NAN };
        let error =
            |squares: f64| if self.n > 1.0 { (squares / (self.n - 1.0) / self.n).sqrt() } else { 0.0 };
        let (means, squares) = (self.mean.chunks_exact(k + 1), self.squares.chunks_exact(k + 1));
        let probabilities = means.flat_map(|own| &own[..k]).map(|own| mean(*own)).collect();
        let errors = squares.clone().flat_map(|own| &own[..k]).map(|own| error(*own)).collect();
        Drawn {
            states: States {
                values: latent.values.clone(),
                probabilities,
                errors,
                worth: self.n,
                path: None,
            },
            mcse: squares.map(|own| error(own[k])).collect(),
            draws,
        }
    }
}
