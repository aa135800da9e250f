//! The JSON object of `vippl fit --json` and `vippl summary --json`.

use serde_json::{Map, Value, json};

use crate::inference::Elbo;
use crate::posterior::Posterior;

/// Version of the object.
pub const SCHEMA: u32 = 1;

/// The whole result: elements named `theta[1,2]` or `alpha[HENNEPIN]`, on their own scales; what is not computed is null.
pub fn fit(posterior: &Posterior) -> Value {
    let fit = posterior.fit();
    let elbo =
        |part: fn(&Elbo) -> f64| fit.and_then(|fit| fit.elbo.as_ref()).map(part).filter(|x| x.is_finite());
    let mut parameters = Map::new();
    for quantity in &posterior.quantities {
        for (element, summary) in posterior.summaries_of(quantity).iter().enumerate() {
            let entry = json!({
                "mean": summary.mean,
                "sd": summary.sd,
                "q05": summary.q05,
                "q50": summary.q50,
                "q95": summary.q95,
                "mcse": summary.mcse,
                "k_hat": null,
                "verdict": null,
            });
            parameters.insert(quantity.element_name(element), entry);
        }
    }
    let seconds = &posterior.seconds;
    json!({
        "schema": SCHEMA,
        "model": &*posterior.model.name,
        "family": fit.map(|fit| &fit.family),
        "verdict": null,
        "k_hat": null,
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
    })
}
