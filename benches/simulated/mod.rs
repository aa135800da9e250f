//! Models with data made up at any size, each with the gradient that one would write by hand, as scalar Rust.

mod garch;
pub mod gaussian;
mod groups;
pub mod logistic;

use std::fmt;

use pulp::Arch;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};
use vippl::compile::{CompileOptions, Density};
use vippl::data::{Dataset, Values, Variable};
use vippl::density::LogDensity;
use vippl::session::{self, Prepared};
use vippl::source::Source;

/// Predictors of the regressions.
pub const PREDICTORS: usize = 20;

const LN_2PI: f64 = 1.837_877_066_409_345_5;

/// A model at one size.
#[derive(Clone, Copy)]
pub struct Case {
    pub model: &'static Model,
    /// Rows, or steps in time.
    pub n: usize,
}

pub struct Model {
    pub name: &'static str,
    pub text: &'static str,
    pub sizes: &'static [usize],
    simulate: fn(usize, &mut ChaCha12Rng) -> Simulated,
}

pub static ALL: [&Model; 4] = [&logistic::MODEL, &gaussian::MODEL, &groups::MODEL, &garch::MODEL];

/// Data, and the gradient by hand.
struct Simulated {
    variables: Vec<Variable>,
    baseline: Box<dyn ByHand>,
}

/// log p and its gradient at one point, without anything of vippl.
pub trait ByHand: Send {
    /// Writes `gradient[D]`, returns log p.
    fn gradient(&mut self, z: &[f64], gradient: &mut [f64]) -> f64;
}

/// A case with its data.
pub struct Made {
    pub dataset: Dataset,
    pub baseline: Box<dyn ByHand>,
    model: &'static Model,
}

impl Case {
    pub fn all() -> Vec<Case> {
        ALL.iter().flat_map(|&model| model.sizes.iter().map(move |&n| Case { model, n })).collect()
    }

    /// The same data every time.
    pub fn make(&self) -> Made {
        let mut rng = ChaCha12Rng::seed_from_u64(1);
        let Simulated { variables, baseline } = (self.model.simulate)(self.n, &mut rng);
        let dataset = Dataset::from_variables(variables).expect("distinct names");
        Made { dataset, baseline, model: self.model }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, N = {}", self.model.name, self.n)
    }
}

impl Made {
    pub fn prepare(&self, fold: bool) -> Prepared {
        let options = CompileOptions { fold, ..CompileOptions::default() };
        let source = Source::new(self.model.name, self.model.text);
        let prepared = session::prepare_in_memory(&source, self.dataset.clone(), &options);
        prepared.unwrap_or_else(|report| panic!("{}: {report:?}", self.model.name))
    }

    /// Fails unless the gradient by hand is that of a density.
    pub fn check(&mut self, density: &Density) {
        const TOLERANCE: f64 = 1e-9;
        let dim = density.dim();
        for start in [0.0, 100.0] {
            let z: Vec<f64> = (0..dim).map(|i| 0.2 * (start + i as f64).sin()).collect();
            let (mut value, mut gradient, mut by_hand) = ([0.0], vec![0.0; dim], vec![0.0; dim]);
            density.gradient(1, &z, &mut value, &mut gradient);
            let own = self.baseline.gradient(&z, &mut by_hand);
            let largest = gradient.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
            let off = gradient.iter().zip(&by_hand).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            let name = self.model.name;
            assert!((own - value[0]).abs() <= TOLERANCE * own.abs(), "{name}: {own} and {}", value[0]);
            assert!(off <= TOLERANCE * largest, "{name}: gradients differ by {off} of {largest}");
        }
    }
}

/// Points near 0, all different.
pub fn points(dim: usize, lanes: usize) -> Vec<f64> {
    (0..dim * lanes).map(|i| 0.1 * (i as f64 * 12.9898).sin()).collect()
}

/// Rows of predictors, and what is expected of each: a linear function of them.
struct Design {
    x: Vec<[f64; PREDICTORS]>,
    linear: Vec<f64>,
}

impl Design {
    fn simulate(n: usize, rng: &mut ChaCha12Rng) -> Design {
        let beta = normals(rng, PREDICTORS);
        let x: Vec<[f64; PREDICTORS]> = normals(rng, n * PREDICTORS).as_chunks().0.to_vec();
        let sum = |x: &[f64; PREDICTORS]| 0.5 + x.iter().zip(&beta).map(|(x, b)| 0.3 * x * b).sum::<f64>();
        Design { linear: x.iter().map(sum).collect(), x }
    }

    /// As data of a model.
    fn variable(&self) -> Variable {
        real("X", &[self.x.len(), PREDICTORS], self.x.as_flattened().to_vec())
    }
}

fn normals(rng: &mut ChaCha12Rng, n: usize) -> Vec<f64> {
    StandardNormal.sample_iter(rng).take(n).collect()
}

fn real(name: &str, shape: &[usize], values: Vec<f64>) -> Variable {
    Variable::in_memory(name, Values::real(shape, values))
}

/// Compiles a loop for the vectors of this processor, as `-march=native` would.
#[inline(always)]
fn native<T>(work: impl FnOnce() -> T) -> T {
    Arch::new().dispatch(work)
}

/// log density of Normal(0, sd) and its derivative.
#[inline(always)]
fn normal(x: f64, sd: f64) -> (f64, f64) {
    let z = x / sd;
    (-0.5 * z * z - sd.ln() - 0.5 * LN_2PI, -z / sd)
}

/// log density of x = exp(z), where x is HalfNormal(1), with its log-Jacobian, and its derivative by z.
#[inline(always)]
fn half_normal(z: f64) -> (f64, f64) {
    let x = z.exp();
    (-0.5 * x * x - 0.5 * LN_2PI + std::f64::consts::LN_2 + z, 1.0 - x * x)
}

/// a . b, in four sums.
#[inline(always)]
fn dot(a: &[f64; PREDICTORS], b: &[f64; PREDICTORS]) -> f64 {
    let mut sums = [0.0; 4];
    for k in 0..PREDICTORS {
        sums[k % 4] += a[k] * b[k];
    }
    sums.iter().sum()
}
