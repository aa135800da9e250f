//! Samples: Markov chains on the log density of a prepared model.

use std::time::Instant;

use miette::Report;

use super::{Prepared, SessionError};
use crate::density::LogDensity;
use crate::inference::{self, ChainProgress, SampleOptions};
use crate::posterior::{Basis, Method, Posterior, Reported, Sampled, Seconds, of_chains};

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
            .map_err(|error| self.about_model(error))?;
        let quantities = self.compiled.quantities.clone();
        let (loo, loo_seconds) =
            if request.loo { self.leave_out_of_sample(&sample, &z) } else { (None, None) };
        let Sampled { nuts, summaries, verdicts, draws, warnings: own } =
            of_chains(density, &quantities, sample, &z);
        let mut warnings = self.own_warnings();
        warnings.extend(own);
        let reported = Reported { basis: Basis::Chains, summaries, draws, points: z };
        let mut posterior = self.posterior(quantities, Method::Nuts(nuts), reported, verdicts);
        warnings.append(&mut posterior.warnings);
        let fit = Some(start.elapsed().as_secs_f64() - loo_seconds.unwrap_or(0.0));
        let seconds = Seconds { fit, loo: loo_seconds, ..self.seconds };
        Ok(Posterior { loo, warnings, seconds: seconds.with_total(), ..posterior })
    }
}
