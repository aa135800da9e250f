//! Fits: q, what stands beside it, and what is to be reported.

use std::time::Instant;

use miette::Report;

use super::{EvidenceChoice, Prepared, SessionError, seconds_since};
use crate::compile::Quantity;
use crate::density::LogDensity;
use crate::inference::{self, Chains, FitOptions, Fitted, Progress};
use crate::posterior::{
    Basis, DEFAULT_DRAWS, Judged, Lack, Marginals, Method, Posterior, Reported, Seconds, Summarised,
    Weighing, by_chains, summarise, unwitnessed,
};

/// What a fit needs beyond the compiled model.
#[derive(Clone)]
pub struct FitRequest {
    pub options: FitOptions,
    /// Draws of the posterior.
    pub n_draws: usize,
    /// Whether each observation is left out in turn, for comparing models.
    pub loo: bool,
    /// What is said of log p(x) beyond what weights say.
    pub evidence: Vec<EvidenceChoice>,
}

impl Default for FitRequest {
    fn default() -> Self {
        FitRequest {
            options: FitOptions::default(),
            n_draws: DEFAULT_DRAWS,
            loo: false,
            evidence: Vec::new(),
        }
    }
}

impl Prepared {
    /// Fits the model. `progress` hears of each iteration.
    pub fn fit(&self, request: &FitRequest, progress: &mut dyn FnMut(Progress)) -> Result<Posterior, Report> {
        let density = &self.compiled.density;
        if density.statements().is_empty() {
            return Err(SessionError::NothingToFit.into());
        }
        let further = self.further_evidence(&request.evidence)?;
        let start = Instant::now();
        let mut fitted =
            inference::fit(density, &request.options, progress).map_err(|error| self.about_model(error))?;
        let fit = &fitted.fit;
        let mut quantities = self.compiled.quantities.clone();
        if let Some(other) = fit.centring.as_ref().and_then(|centring| density.recentred(centring)) {
            quantities = quantities.iter().map(|quantity| quantity.recentred(&*other)).collect();
        }
        if !fit.has_normal_marginals() {
            let is_point = |i: &usize| fit.point_estimated.contains(i);
            let rows = quantities.iter_mut().flat_map(|quantity| &mut quantity.marginals);
            rows.for_each(|coordinate| *coordinate = coordinate.filter(is_point));
        }
        let family = "a fit is made by a family of the catalogue";
        let marginals = marginals(fit).expect(family);
        let mut beyond = None;
        let q = summarise(density, &quantities, &marginals, request.n_draws, |n| {
            let z = fit.sample(density, n, fit.seed).expect(family);
            beyond = outside(density, &z, n);
            z
        });
        let mut of_approximation = fit.warnings.clone();
        if !fit.warnings.iter().any(|warning| warning.contains(BEYOND)) {
            of_approximation.extend(beyond);
        }
        of_approximation.extend(q.warnings.iter().cloned());
        let has_width = |&i: &usize| marginals.sd[i] > 0.0 && marginals.sd[i].is_finite();
        let is_collapsed =
            !fit.latent.iter().all(has_width) || !marginals.mean.iter().all(|mean| mean.is_finite());
        let Heard { judged, chains, audit_seconds } = match is_collapsed {
            _ if fit.latent.is_empty() => Heard::default(),
            true => Heard { judged: unwitnessed(&q, Lack::Collapsed), ..Heard::default() },
            false => hear(density, &q, &fitted, &latent_rows(&quantities)),
        };
        // What stands in q's place says all that is to be said of the numbers; point estimates are q's own.
        let is_replaced = judged.replacement.is_some()
            && judged.n_distrusted() == 0
            && fitted.fit.point_estimated.is_empty();
        let mut warnings = self.own_warnings();
        let approximation_warnings = match is_replaced {
            true => of_approximation,
            false => {
                warnings.extend(of_approximation);
                Vec::new()
            }
        };
        warnings.extend(self.distrust(&judged, &fitted, chains.as_ref()));
        let (loo, loo_seconds) = match request.loo {
            true => self.leave_out_of_fit(fitted.weighted.as_ref(), chains.as_ref()),
            false => (None, None),
        };
        let (evidence_seconds, no_evidence) = further.add(self, &mut fitted.fit);
        warnings.extend(no_evidence);
        let own = Reported {
            basis: Basis::Approximation,
            summaries: q.summaries,
            draws: q.draws,
            points: q.points,
        };
        let reported = judged.replacement.unwrap_or(own);
        let method = Method::Variational(Box::new(fitted.fit));
        let mut posterior = self.posterior(quantities, method, reported, judged.verdicts);
        warnings.append(&mut posterior.warnings);
        let others = [audit_seconds, evidence_seconds, loo_seconds].into_iter().flatten().sum::<f64>();
        let seconds = Seconds {
            fit: Some(start.elapsed().as_secs_f64() - others),
            audit: audit_seconds,
            evidence: evidence_seconds,
            loo: loo_seconds,
            ..self.seconds
        };
        Ok(Posterior { loo, warnings, approximation_warnings, seconds: seconds.with_total(), ..posterior })
    }
}

/// What witnesses made of q.
#[derive(Default)]
struct Heard {
    judged: Judged,
    /// Chains, where the judgement is theirs.
    chains: Option<Chains>,
    audit_seconds: Option<f64>,
}

/// Asks weights where they are sound, and chains where weights do not vouch for all rows: if both have doubts, the one that has
/// fewer is right.
fn hear(density: &dyn LogDensity, q: &Summarised, fitted: &Fitted, latents: &[usize]) -> Heard {
    let seed = fitted.fit.seed;
    let sound = fitted.weighted.as_ref().filter(|weighted| weighted.is_sound());
    let mut weighing = sound.map(|weighted| Weighing::new(density, q, weighted));
    if let Some(weighing) = weighing.take_if(|weighing| weighing.vouches_for_all(latents)) {
        return Heard { judged: weighing.judge(seed), ..Heard::default() };
    }
    let clock = Instant::now();
    let chains = inference::audit(density, fitted);
    let by_chains = chains.as_ref().map(|chains| by_chains(density, q, chains));
    let is_beyond_doubt = by_chains.as_ref().is_some_and(|judged| judged.n_distrusted() == 0);
    let by_weights = weighing.filter(|_| !is_beyond_doubt).map(|weighing| weighing.judge(seed));
    let fewest = by_weights.as_ref().map_or(usize::MAX, Judged::n_distrusted);
    let by_chains = by_chains.filter(|judged| judged.n_distrusted() < fewest);
    let audit_seconds = seconds_since(clock);
    match (by_chains, by_weights) {
        (Some(judged), _) => Heard { judged, chains, audit_seconds },
        (None, Some(judged)) => Heard { judged, chains: None, audit_seconds },
        (None, None) => {
            let lack = if fitted.weighted.is_some() { Lack::Uneven } else { Lack::TooMany };
            Heard { judged: unwitnessed(q, lack), chains: None, audit_seconds }
        }
    }
}

/// Rows of the latents of a model.
fn latent_rows(quantities: &[Quantity]) -> Vec<usize> {
    let latents = quantities.iter().filter(|quantity| quantity.kind.is_latent());
    latents.flat_map(|quantity| quantity.offset..quantity.offset + quantity.len()).collect()
}

/// Mean and sd of each coordinate under q; a point estimate is its value with sd 0.
fn marginals(fit: &inference::Fit) -> Option<Marginals> {
    let (latent_mean, latent_sd) = fit.marginals()?;
    let dim = fit.latent.len() + fit.point_estimated.len();
    let (mut mean, mut sd) = (vec![0.0; dim], vec![0.0; dim]);
    for (k, &i) in fit.latent.iter().enumerate() {
        (mean[i], sd[i]) = (latent_mean[k], latent_sd[k]);
    }
    for (theta, &i) in fit.theta.iter().zip(&fit.point_estimated) {
        mean[i] = *theta;
    }
    Some(Marginals { mean, sd })
}

/// How the warnings about draws without a finite density end.
const BEYOND: &str = "q reaches beyond where the model is defined";
/// Observed elements times draws up to which the density of each posterior draw is looked at.
const MAX_LOOKED_AT: usize = 1 << 24;
/// Points of one call.
const LANES: usize = 64;

/// A warning where some of the `n` draws `z[D][n]` have no finite density.
fn outside(density: &dyn LogDensity, z: &[f64], n: usize) -> Option<String> {
    if n == 0 || (density.n_pointwise() + density.dim()).saturating_mul(n) > MAX_LOOKED_AT {
        return None;
    }
    let mut n_outside = 0;
    for first in (0..n).step_by(LANES) {
        let lanes = LANES.min(n - first);
        let batch: Vec<f64> =
            z.chunks_exact(n).flat_map(|row| row[first..first + lanes].iter().copied()).collect();
        let mut values = vec![0.0; lanes];
        density.value(lanes, &batch, &mut values);
        n_outside += values.iter().filter(|value| !value.is_finite()).count();
    }
    (n_outside > 0).then(|| format!("{n_outside} of {n} draws from q have no finite density: {BEYOND}"))
}
