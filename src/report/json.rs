//! The JSON object of `vippl fit --json` and `vippl summary --json`.

use serde_json::{Map, Value, json};

use crate::inference::Elbo;
use crate::posterior::{Nuts, Posterior};

/// Version of the object.
pub const SCHEMA: u32 = 1;

/// The whole result: elements named `theta[1,2]` or `alpha[HENNEPIN]`, on their own scales; what is not computed is null.
pub fn fit(posterior: &Posterior) -> Value {
    let fit = posterior.fit();
    let elbo =
        |part: fn(&Elbo) -> f64| fit.and_then(|fit| fit.elbo.as_ref()).map(part).filter(|x| x.is_finite());
    let mut parameters = Map::new();
    for quantity in &posterior.quantities {
        let verdicts = posterior.verdicts_of(quantity);
        let convergence = posterior.convergence_of(quantity);
        for (element, summary) in posterior.summaries_of(quantity).iter().enumerate() {
            let mut entry = json!({
                "mean": summary.mean,
                "sd": summary.sd,
                "q05": summary.q05,
                "q50": summary.q50,
                "q95": summary.q95,
                "mcse": summary.mcse,
                "verdict": verdicts.get(element),
            });
            if let (Some(convergence), Some(entry)) = (convergence.get(element), entry.as_object_mut()) {
                entry.insert("r_hat".to_string(), json!(convergence.r_hat.filter(|x| x.is_finite())));
                entry.insert("ess_bulk".to_string(), json!(convergence.ess_bulk));
                entry.insert("ess_tail".to_string(), json!(convergence.ess_tail));
            }
            parameters.insert(quantity.element_name(element), entry);
        }
    }
    let seconds = &posterior.seconds;
    let mut whole = json!({
        "schema": SCHEMA,
        "model": &*posterior.model.name,
        "family": fit.map(|fit| &fit.family),
        "verdict": posterior.verdict(),
        "basis": posterior.basis,
        "why": fit.map(|fit| &fit.why),
        "k_hat": fit.and_then(|fit| fit.k_hat).filter(|k_hat| k_hat.is_finite()),
        "elbo": {
            "value": elbo(|elbo| elbo.value),
            "se": elbo(|elbo| elbo.se),
            "log_likelihood": elbo(|elbo| elbo.log_likelihood),
            "kl": elbo(|elbo| elbo.kl).filter(|_| posterior.evidence),
        },
        "evidence": null,
        "warnings": posterior.warnings,
        "seconds": {
            "load": seconds.load,
            "compile": seconds.compile,
            "fit": seconds.fit,
            "audit": seconds.audit,
            "total": seconds.total,
        },
        "gradient_evaluations": fit.map(|fit| fit.gradient_evaluations),
        "parameters": parameters,
    });
    if let Some(Nuts { sample, .. }) = posterior.nuts() {
        whole["gradient_evaluations"] = json!(sample.gradient_evaluations());
        whole["sample"] = json!({
            "seed": sample.seed,
            "warmup": sample.n_warmup,
            "draws": sample.n_draws,
            "target_accept": sample.target_accept,
            "max_depth": sample.max_depth,
            "divergences": sample.n_divergent(),
            "deepest": sample.n_deepest(),
            "e_bfmi": sample.e_bfmi(),
            "chains": sample.chains,
        });
    }
    whole
}
