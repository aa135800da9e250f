//! The lines on log p(x): the evidence, its bounds, and how far q is from the posterior.

use super::summary::{error, near};
use crate::inference::{Bound, Estimate, Fit, PriorEvidence};
use crate::posterior::Posterior;
use crate::report::Style;

/// k-hat of likelihoods above which the error of their mean means little.
const MAX_K_HAT: f64 = 0.7;

/// What a fit says of log p(x), one line each; nothing where the ELBO has said it.
pub fn evidence(posterior: &Posterior, fit: &Fit, style: &Style) -> String {
    let Some(evidence) = fit.evidence.as_ref().filter(|_| !fit.latent.is_empty()) else {
        return String::new();
    };
    let at_least = if evidence.is_bound { "at least " } else { "" };
    let kl = evidence
        .kl
        .map(|Estimate { value, se }| format!("KL from q to the posterior {at_least}{}", near(value, se)));
    if !posterior.evidence {
        return kl.map_or_else(String::new, |kl| format!("{kl}\n"));
    }
    let Estimate { value, se } = evidence.log_evidence;
    let given = (!fit.theta.is_empty()).then(|| "given the point estimates".to_string());
    let notes: Vec<String> = given.into_iter().chain(kl).collect();
    let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join("; ")) };
    let mut text =
        format!("{} {at_least}{} ± {}{notes}\n", style.bold("log p(x)"), near(value, se), error(se));
    for Bound { k, value, se } in &evidence.bounds {
        text += &format!("  at least {} ± {} by {}\n", near(*value, *se), error(*se), of_draws(*k));
    }
    if let Some(PriorEvidence { value, se, n_draws, k_hat }) = &evidence.prior {
        let unknown = match k_hat {
            Some(k_hat) if *k_hat <= MAX_K_HAT => String::new(),
            Some(k_hat) => format!(": too few of them are likely to tell (k-hat {k_hat:.2})"),
            None => ": too few of them are likely to tell".to_string(),
        };
        let number = format!("{} ± {}", near(*value, *se), error(*se));
        text += &format!("  {number} by {n_draws} draws of the prior{unknown}\n");
    }
    text
}

fn of_draws(k: usize) -> String {
    if k == 1 { "one draw of q: its ELBO".to_string() } else { format!("the weights of {k} draws of q") }
}
