//! Samples: Markov chains on the log density of a prepared model.

use std::time::Instant;

use miette::Report;

use super::{Prepared, SessionError, seconds_since};
use crate::density::LogDensity;
use crate::inference::{self, ChainProgress, SampleOptions};
use crate::posterior::{Basis, FittedCoordinate, Method, Posterior, Sampled, Seconds, of_chains};

impl Prepared {
    /// Samples the posterior. `progress` hears of each chain, from its thread.
    pub fn sample(
        &self,
        options: &SampleOptions,
        progress: &(dyn Fn(ChainProgress) + Sync),
    ) -> Result<Posterior, Report> {
        let start = Instant::now();
        let density = &self.compiled.density;
        if density.statements().is_empty() {
            return Err(SessionError::NothingToFit.into());
        }
        let (sample, z) = inference::sample(density, options, progress)
            .map_err(|error| Report::new(error).with_source_code(self.model.source.named()))?;
        let quantities = self.compiled.quantities.clone();
        let Sampled { nuts, summaries, verdicts, draws, warnings: own } =
            of_chains(density, &quantities, sample, &z);
        let mut warnings: Vec<String> = self.warnings.iter().map(Report::to_string).collect();
        warnings.extend(self.nothing_observed());
        warnings.extend(self.without_a_value());
        warnings.extend(own);
        let fit = seconds_since(start);
        let total = Some([self.seconds.load, self.seconds.compile, fit].into_iter().flatten().sum());
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
            warnings,
            seconds: Seconds { fit, total, ..self.seconds },
        })
    }
}
