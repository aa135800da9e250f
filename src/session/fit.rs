//! Fits: q, what stands beside it, and what is to be reported.

use std::time::Instant;

use miette::Report;

use super::{EvidenceChoice, Prepared, SessionError, seconds_since};
use crate::density::LogDensity;
use crate::inference::{self, FitOptions, Progress, Weighted};
use crate::posterior::{
    Basis, DEFAULT_DRAWS, Judged, Lack, Marginals, Method, Posterior, Reported, Seconds, Witnesses, judge,
    summarise,
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
        let mut fitted = inference::fit(density, &request.options, progress)
            .map_err(|error| Report::new(error).with_source_code(self.model.source.named()))?;
        let fit = &fitted.fit;
        let mut quantities = self.compiled.quantities.clone();
        if let Some(other) = fit.centring.as_ref().and_then(|centring| density.recentred(centring)) {
            quantities = quantities.iter().map(|quantity| quantity.recentred(&*other)).collect();
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
        let mut judged = match &fitted.weighted {
            _ if fit.latent.is_empty() => Judged::default(),
            _ if is_collapsed => judge(density, &q, Witnesses::None(Lack::Collapsed), fit.seed),
            None => judge(density, &q, Witnesses::None(Lack::TooMany), fit.seed),
            Some(weighted) if !weighted.is_sound() => {
                judge(density, &q, Witnesses::None(Lack::Uneven), fit.seed)
            }
            Some(weighted) => judge(density, &q, Witnesses::Weights(weighted), fit.seed),
        };
        let fit_seconds = seconds_since(start);
        let (mut audit_seconds, mut heard) = (None, None);
        if judged.n_distrusted() > 0 && !is_collapsed {
            let audit_start = Instant::now();
            if let Some(chains) = inference::audit(density, &fitted) {
                let by_chains = judge(density, &q, Witnesses::Chains(&chains), fit.seed);
                let is_sound = fitted.weighted.as_ref().is_some_and(Weighted::is_sound);
                if !is_sound || by_chains.n_distrusted() < judged.n_distrusted() {
                    judged = by_chains;
                    heard = Some(chains);
                }
            }
            audit_seconds = seconds_since(audit_start);
        }
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
        warnings.extend(self.distrust(&judged, &fitted, heard.as_ref()));
        let (loo, loo_seconds) = match request.loo {
            true => self.leave_out_of_fit(fitted.weighted.as_ref(), heard.as_ref()),
            false => (None, None),
        };
        let (evidence_seconds, no_evidence) = further.add(self, &mut fitted.fit);
        warnings.extend(no_evidence);
        let seconds = Seconds {
            fit: fit_seconds,
            audit: audit_seconds,
            evidence: evidence_seconds,
            loo: loo_seconds,
            ..self.seconds
        };
        let own = Reported { basis: Basis::Approximation, summaries: q.summaries, draws: q.draws };
        let reported = judged.replacement.unwrap_or(own);
        let method = Method::Variational(Box::new(fitted.fit));
        let posterior = self.posterior(quantities, method, reported, judged.verdicts);
        Ok(Posterior { loo, warnings, approximation_warnings, seconds: seconds.with_total(), ..posterior })
    }
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
