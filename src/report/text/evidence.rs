//! The lines on log p(x): the evidence, its bounds, and how far q is from the posterior.

use super::summary::{error, near};
use crate::inference::{Bound, Estimate, Fit, PriorEvidence, k_hat_threshold};
use crate::posterior::Posterior;
use crate::report::Style;

/// Standard error of the log of a mean, in nats, above which the mean rests on some ten draws or fewer.
const MAX_SE: f64 = 0.3;

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
        let doubt = match k_hat {
            _ if *se > MAX_SE => ": too few of them come near the data to tell".to_string(),
            Some(k_hat) if *k_hat <= k_hat_threshold(*n_draws) => String::new(),
            Some(k_hat) => format!(": its error may be larger (k-hat {k_hat:.2})"),
            None => ": its error may be larger".to_string(),
        };
        let number = format!("{} ± {}", near(*value, *se), error(*se));
        text += &format!("  {number} by {n_draws} draws of the prior{doubt}\n");
    }
    text
}

fn of_draws(k: usize) -> String {
    if k == 1 { "one draw of q: its ELBO".to_string() } else { format!("the weights of {k} draws of q") }
}
