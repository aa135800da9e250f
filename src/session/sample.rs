//! Samples: Markov chains on the log density of a prepared model.

use std::time::Instant;

use miette::Report;

use super::{Prepared, SessionError};
use crate::density::LogDensity;
use crate::inference::{self, ChainProgress, SampleOptions};
use crate::posterior::{Basis, FittedCoordinate, Method, Posterior, Sampled, Seconds, of_chains};

/// What a sample needs beyond the compiled model.
#[derive(Clone, Debug, Default)]
pub struct SampleRequest {
    pub options: SampleOptions,
    /// Whether each observation is left out in turn, for comparing models.
    pub loo: bool,
}

impl Prepared {
    /// Samples the posterior. `progress` hears of each chain, from its thread.
    pub fn sample(
        &self,
        request: &SampleRequest,
        progress: &(dyn Fn(ChainProgress) + Sync),
    ) -> Result<Posterior, Report> {
        let start = Instant::now();
        let density = &self.compiled.density;
        if density.statements().is_empty() {
            return Err(SessionError::NothingToFit.into());
        }
        let (sample, z) = inference::sample(density, &request.options, progress)
            .map_err(|error| Report::new(error).with_source_code(self.model.source.named()))?;
        let quantities = self.compiled.quantities.clone();
        let sampling = start.elapsed().as_secs_f64();
        let (loo, loo_seconds) =
            if request.loo { self.leave_out_of_sample(&sample, &z) } else { (None, None) };
        let summarising = Instant::now();
        let Sampled { nuts, summaries, verdicts, draws, warnings: own } =
            of_chains(density, &quantities, sample, &z);
        let mut warnings = self.own_warnings();
        warnings.extend(own);
        let fit = Some(sampling + summarising.elapsed().as_secs_f64());
        let phases = [self.seconds.load, self.seconds.compile, fit, loo_seconds];
        let total = Some(phases.into_iter().flatten().sum());
        Ok(Posterior {
            model: self.model.source.clone(),
            data: self.record.clone(),
            quantities,
            coordinates: FittedCoordinate::all_of(density),
            training_constants: self.compiled.training_constants.clone(),
            evidence: self.compiled.evidence,
            method: Method::Nuts(nuts),
            summaries,
            verdicts,
            basis: Basis::Chains,
            draws,
            loo,
            warnings,
            seconds: Seconds { fit, loo: loo_seconds, total, ..self.seconds },
        })
    }
}
