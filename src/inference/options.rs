//! What a person may ask of a fit.

use serde::{Deserialize, Serialize};

use crate::family::Family;

/// How the ELBO is maximised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// Trust-region Newton-CG on fixed draws.
    #[default]
    Newton,
    /// Adam on fresh draws, iterates averaged.
    Adam,
}

impl Optimizer {
    pub const ALL: [Optimizer; 2] = [Optimizer::Newton, Optimizer::Adam];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Optimizer::Newton => "newton",
            Optimizer::Adam => "adam",
        }
    }
}

/// The coordinates of location-scale latents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CentringChoice {
    /// As centred as serves the fit.
    #[default]
    Learned,
    AsWritten,
}

impl CentringChoice {
    pub const ALL: [CentringChoice; 2] = [CentringChoice::Learned, CentringChoice::AsWritten];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            CentringChoice::Learned => "learned",
            CentringChoice::AsWritten => "as-written",
        }
    }
}

/// Options of [`super::fit`].
#[derive(Clone)]
pub struct FitOptions {
    /// Chosen by the fit if not given.
    pub family: Option<&'static dyn Family>,
    pub optimizer: Optimizer,
    pub centring: CentringChoice,
    pub seed: u64,
    /// M, the fixed draws of the objective; chosen, and raised until they suffice, if not given. Adam: draws of a step.
    pub mc_draws: Option<usize>,
    /// Draws on which the reported ELBO is taken, rounded up to even.
    pub elbo_draws: usize,
    /// Descents from different starting points.
    pub n_paths: usize,
    /// Steps of the optimiser; its own default if not given.
    pub max_iterations: Option<usize>,
    /// Whether progress hears of each rung ([`Stage::Rung`]), whose draws are weighed for it.
    pub report_rungs: bool,
}

impl Default for FitOptions {
    fn default() -> Self {
        FitOptions {
            family: None,
            optimizer: Optimizer::Newton,
            centring: CentringChoice::Learned,
            seed: 1,
            mc_draws: None,
            elbo_draws: 1000,
            n_paths: 3,
            max_iterations: None,
            report_rungs: false,
        }
    }
}

/// Where a fit stands, for whoever shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    pub stage: Stage,
    pub iteration: usize,
    /// Latest value of what the stage raises: log density at the start, ELBO later; nats.
    pub value: f64,
    /// Draws that `value` is an average over.
    pub n_draws: usize,
    /// The two parts of the ELBO, where `value` is one.
    pub parts: Option<Parts>,
}

/// ELBO = E_q[log p(x | z)] - KL(q || p(z)), in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
    pub log_likelihood: f64,
    pub kl: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    Start,
    Optimise,
    /// A family has been fitted.
    Rung(RungReport),
    Evaluate,
}

/// What became of one family in one choice of coordinates; the ELBO, on fresh draws, is the progress's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RungReport {
    pub family: &'static str,
    /// Mean centring of location-scale latents; `None` in the coordinates of the model as written.
    pub centring: Option<f64>,
    pub settled: bool,
    /// Pareto k-hat of draws of it, with heavier tails; `None` where there would be too many numbers.
    pub k_hat: Option<f64>,
    /// Wall-clock, from the start on.
    pub seconds: f64,
}
