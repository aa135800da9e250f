//! Base draws from N(0, I): antithetic, matched to their moments, in fixed blocks of lanes.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use statrs::function::erf::erfc_inv;

/// What random numbers are for: each task has a ChaCha stream of its own, so that none depends on another's use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Start,
    /// Draws that choose among starts.
    Screen,
    /// Draws of the climbs to a start: one stream each.
    Climb(u32),
    /// Random signs that estimate a diagonal.
    Probes,
    /// The fixed draws of the objective.
    Objective,
    /// Fresh sets that check the fixed draws: one stream each.
    Check(u32),
    /// Draws on which the reported ELBO is taken.
    Elbo,
    Adam,
    /// Draws from the finished q.
    Posterior,
    /// Draws that are weighed: one stream each time.
    Importance(u32),
    /// Draws that say how centred latents should be.
    Centring,
    /// Points from which other modes are looked for.
    Modes,
    /// The choice of draws by their weights.
    Resample,
    /// Chains that start from q.
    Audit,
    /// Markov chains: one stream each.
    Chain(u32),
    /// Draws of q for the bounds of log p(x): one stream a block.
    Bounds(u32),
}

/// The generator of one task: the same seed and task give the same numbers everywhere.
pub fn rng(seed: u64, task: Task) -> ChaCha12Rng {
    let stream = match task {
        Task::Start => 1,
        Task::Objective => 2,
        Task::Elbo => 3,
        Task::Adam => 4,
        Task::Posterior => 5,
        Task::Screen => 6,
        Task::Probes => 7,
        Task::Audit => 8,
        Task::Resample => 9,
        Task::Modes => 11,
        Task::Centring => 10,
        Task::Importance(round) => 3 << 32 | u64::from(round),
        Task::Chain(chain) => 9 << 32 | u64::from(chain),
        Task::Bounds(block) => 10 << 32 | u64::from(block),
        Task::Climb(path) => 2 << 32 | u64::from(path),
        Task::Check(set) => 1 << 32 | u64::from(set),
    };
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// Fills `out` with independent N(0, 1).
pub fn fill_normal(rng: &mut ChaCha12Rng, out: &mut [f64]) {
    for x in out {
        *x = StandardNormal.sample(rng);
    }
}

/// Fills `out` with N(0, 1), one in each of as many equally likely strata of |x|, in random order.
fn fill_stratified(rng: &mut ChaCha12Rng, out: &mut [f64]) {
    let n = out.len();
    for (stratum, x) in out.iter_mut().enumerate() {
        let beyond = (n as f64 - stratum as f64 - rng.random::<f64>()) / n as f64;
        let magnitude = std::f64::consts::SQRT_2 * erfc_inv(beyond);
        *x = if rng.random::<bool>() { magnitude } else { -magnitude };
    }
    out.shuffle(rng);
}

/// Base normals of `n_draws` draws.
#[derive(Clone, Debug, PartialEq)]
pub struct BaseDraws {
    pub n_draws: usize,
    pub blocks: Vec<Block>,
}

/// `base[n_base][lanes]`: the draws that are evaluated in one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub lanes: usize,
    pub base: Vec<f64>,
}

impl BaseDraws {
    /// `n_draws` (rounded up to even) draws in pairs e, -e; every coordinate rescaled to second moment 1; coordinates
    /// orthogonal where there are twice as many pairs as coordinates (Giordano, Ingram & Broderick 2024, and
    /// the DADVI appendix on moment matching). Of more coordinates each is stratified: a Latin hypercube, on which the
    /// average of a sum of functions of one coordinate each has an error of order M^-3/2 (Stein 1987). A single draw of
    /// zeros where `n_base` is 0.
    pub fn matched(rng: &mut ChaCha12Rng, n_base: usize, n_draws: usize, max_lanes: usize) -> BaseDraws {
        BaseDraws::matched_within(rng, n_base, n_draws, max_lanes, &[])
    }

    /// [`BaseDraws::matched`] where coordinates of one group are orthogonal to each other, if there are as many pairs as
    /// coordinates in it.
    pub fn matched_within(
        rng: &mut ChaCha12Rng,
        n_base: usize,
        n_draws: usize,
        max_lanes: usize,
        groups: &[Vec<usize>],
    ) -> BaseDraws {
        if n_base == 0 {
            return BaseDraws { n_draws: 1, blocks: vec![Block { lanes: 1, base: Vec::new() }] };
        }
        let n_pairs = n_draws.div_ceil(2).max(1);
        let mut columns = vec![vec![0.0; n_pairs]; n_base];
        if 2 * n_pairs >= orthogonal_draws(n_base) {
            columns.iter_mut().for_each(|column| fill_normal(rng, column));
            orthogonalise(&mut columns);
        } else {
            columns.iter_mut().for_each(|column| fill_stratified(rng, column));
            for group in groups.iter().filter(|group| (2..=n_pairs).contains(&group.len())) {
                let mut own: Vec<Vec<f64>> = group.iter().map(|&i| std::mem::take(&mut columns[i])).collect();
                orthogonalise(&mut own);
                group.iter().zip(own).for_each(|(&i, column)| columns[i] = column);
            }
        }
        for column in &mut columns {
            let second_moment = column.iter().map(|e| e * e).sum::<f64>() / n_pairs as f64;
            let scale = second_moment.sqrt().recip();
            column.iter_mut().for_each(|e| *e *= scale);
        }
        BaseDraws::from_pairs(&columns, n_pairs, max_lanes)
    }

    /// Independent antithetic pairs, not matched to anything: unbiased, with an honest Monte Carlo error.
    pub fn antithetic(rng: &mut ChaCha12Rng, n_base: usize, n_pairs: usize, max_lanes: usize) -> BaseDraws {
        let mut columns = vec![vec![0.0; n_pairs]; n_base];
        for column in &mut columns {
            fill_normal(rng, column);
        }
        BaseDraws::from_pairs(&columns, n_pairs, max_lanes)
    }

    /// Draws 2k and 2k + 1 are a pair.
    fn from_pairs(columns: &[Vec<f64>], n_pairs: usize, max_lanes: usize) -> BaseDraws {
        let n_draws = 2 * n_pairs;
        let mut blocks = Vec::new();
        let mut first = 0;
        while first < n_draws {
            let lanes = max_lanes.min(n_draws - first);
            let mut base = Vec::with_capacity(columns.len() * lanes);
            for column in columns {
                base.extend(
                    (first..first + lanes).map(|m| if m % 2 == 0 { column[m / 2] } else { -column[m / 2] }),
                );
            }
            blocks.push(Block { lanes, base });
            first += lanes;
        }
        BaseDraws { n_draws, blocks }
    }
}

/// The fewest draws that [`BaseDraws::matched`] makes orthogonal: M/2 >= 2D. Fewer pairs than that have too few directions
/// left to vary.
pub fn orthogonal_draws(n_base: usize) -> usize {
    4 * n_base
}

/// Modified Gram-Schmidt.
fn orthogonalise(columns: &mut [Vec<f64>]) {
    for i in 1..columns.len() {
        let (done, rest) = columns.split_at_mut(i);
        for other in done.iter() {
            let projection = super::linear::dot(other, &rest[0]) / super::linear::dot(other, other);
            super::linear::axpy(-projection, other, &mut rest[0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(draws: &BaseDraws, i: usize) -> Vec<f64> {
        draws.blocks.iter().flat_map(|b| b.base[i * b.lanes..(i + 1) * b.lanes].to_vec()).collect()
    }

    #[test]
    fn moments_are_matched() {
        for (n_base, n_draws) in [(5, 32), (8, 32), (30, 64), (60, 512)] {
            let draws = BaseDraws::matched(&mut rng(1, Task::Objective), n_base, n_draws, 48);
            for i in 0..n_base {
                let x = column(&draws, i);
                assert_eq!(x.len(), n_draws);
                assert!(x.iter().sum::<f64>().abs() < 1e-12);
                assert!((x.iter().map(|x| x * x).sum::<f64>() / n_draws as f64 - 1.0).abs() < 1e-12);
                for j in 0..i {
                    let correlation = super::super::linear::dot(&x, &column(&draws, j)) / n_draws as f64;
                    assert_eq!(
                        correlation.abs() < 1e-12,
                        n_draws >= orthogonal_draws(n_base),
                        "{n_base} {n_draws}"
                    );
                }
            }
        }
    }

    /// One in each of 16 strata of |e|; after the rescaling, means of functions of single coordinates are near theirs.
    #[test]
    fn coordinates_beyond_the_orthogonal_ones_are_stratified() {
        let mut column_of_16 = [0.0; 16];
        fill_stratified(&mut rng(1, Task::Objective), &mut column_of_16);
        let mut sizes = column_of_16.map(f64::abs);
        sizes.sort_by(f64::total_cmp);
        for (k, size) in sizes.iter().enumerate() {
            let edge = |k: usize| std::f64::consts::SQRT_2 * erfc_inv(1.0 - k as f64 / 16.0);
            assert!((edge(k)..=edge(k + 1)).contains(size), "{k}: {size}");
        }
        assert!(column_of_16.iter().any(|e| *e < 0.0) && column_of_16 != sizes, "in random order");
        let groups = [vec![0, 7, 39], vec![3, 4]];
        let draws = BaseDraws::matched_within(&mut rng(1, Task::Objective), 40, 32, 32, &groups);
        let product = |i, j| super::super::linear::dot(&column(&draws, i), &column(&draws, j)) / 32.0;
        for (i, j) in [(0, 7), (0, 39), (7, 39), (3, 4)] {
            assert!(product(i, j).abs() < 1e-12 && (product(i, i) - 1.0).abs() < 1e-12);
        }
        assert!(product(0, 3).abs() > 1e-3);
        let draws = BaseDraws::matched(&mut rng(1, Task::Objective), 40, 32, 32);
        // E cos e = exp(-1/2)
        let mean =
            (0..40).map(|i| column(&draws, i).iter().map(|e| e.cos()).sum::<f64>() / 32.0).sum::<f64>()
                / 40.0;
        assert!((mean - (-0.5f64).exp()).abs() < 2e-3, "{mean}");
    }

    #[test]
    fn streams_differ_and_repeat() {
        let first = |seed, task| {
            let mut x = [0.0; 4];
            fill_normal(&mut rng(seed, task), &mut x);
            x
        };
        assert_eq!(first(3, Task::Check(2)), first(3, Task::Check(2)));
        assert_ne!(first(3, Task::Check(2)), first(3, Task::Check(3)));
        assert_ne!(first(3, Task::Elbo), first(4, Task::Elbo));
        // pinned: the same numbers on every machine and in every version
        assert_eq!(first(1, Task::Posterior).map(|x| (x * 1e9).round() as i64), PINNED);
    }

    const PINNED: [i64; 4] = [-434_289_548, 393_721_135, -40_342_102, -693_971_759];
}
