//! The JSON objects of `vippl fit --json`, `vippl summary --json`, `vippl compare --json` and
//! `vippl calibrate --json`.

use serde_json::{Map, Value, json};

use crate::inference::{Elbo, Evidence};
use crate::posterior::{Calibration, Compared, Loo, Nuts, Posterior, Summary, Verdict};

/// Version of the object.
pub const SCHEMA: u32 = 2;

/// The whole result: elements named `theta[1,2]` or `alpha[HENNEPIN]`, on their own scales; what is not computed is null.
pub fn fit(posterior: &Posterior) -> Value {
    let fit = posterior.fit();
    let elbo =
        |part: fn(&Elbo) -> f64| fit.and_then(|fit| fit.elbo.as_ref()).map(part).filter(|x| x.is_finite());
    let mut parameters = Map::new();
    for quantity in &posterior.quantities {
        let verdicts = posterior.verdicts_of(quantity);
        let convergence = posterior.convergence_of(quantity);
        let states = posterior.states_of(quantity);
        let levels = posterior.levels_of(&quantity.name);
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
            if let (Some(states), Some(entry)) = (states, entry.as_object_mut()) {
                let word = |value: f64| levels.as_ref()?.names().get((value as usize).checked_sub(1)?);
                let name = |value: f64| word(value).cloned().unwrap_or_else(|| value.to_string());
                let probabilities = states.values.iter().zip(states.of_element(element));
                let probabilities: Map<String, Value> =
                    probabilities.map(|(value, p)| (name(*value), json!(p))).collect();
                let mode = states.mode(element).map(|(value, _)| match word(value) {
                    Some(word) => json!(word),
                    None => json!(value),
                });
                entry.insert("mode".to_string(), json!(mode));
                entry.insert("probabilities".to_string(), Value::Object(probabilities));
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
        "centring": fit.map(|fit| &fit.recentred),
        "k_hat": fit.and_then(|fit| fit.k_hat).filter(|k_hat| k_hat.is_finite()),
        "elbo": {
            "value": elbo(|elbo| elbo.value),
            "se": elbo(|elbo| elbo.se),
            "log_likelihood": elbo(|elbo| elbo.log_likelihood).filter(|_| posterior.is_split),
            "kl": elbo(|elbo| elbo.kl).filter(|_| posterior.evidence && posterior.is_split),
        },
        "evidence": evidence(posterior),
        "warnings": posterior.warnings,
        "approximation_warnings": posterior.approximation_warnings,
        "seconds": {
            "load": seconds.load,
            "compile": seconds.compile,
            "fit": seconds.fit,
            "audit": seconds.audit,
            "evidence": seconds.evidence,
            "total": seconds.total,
        },
        "gradient_evaluations": fit.map(|fit| fit.gradient_evaluations),
        "parameters": parameters,
    });
    let paths = posterior.states.iter().filter_map(|(name, states)| Some((name, states.path.as_ref()?)));
    let paths: Map<String, Value> = paths
        .map(|(name, path)| (name.clone(), json!({ "values": path.values, "probability": path.probability })))
        .collect();
    if !paths.is_empty() {
        whole["paths"] = Value::Object(paths);
    }
    if let Some(loo) = &posterior.loo {
        whole["loo"] = leave_one_out(loo);
        whole["seconds"]["loo"] = json!(seconds.loo);
    }
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
            "centring": sample.recentred,
            "whitened": sample.whitened,
        });
    }
    whole
}

/// `vippl compare --json` of two posteriors of a model, by their names: element by element.
pub fn compared(names: [&str; 2], rows: &[Compared], alone: &[String]) -> Value {
    let mut parameters = Map::new();
    for row in rows {
        let mut entry = json!(row);
        if let Some(entry) = entry.as_object_mut() {
            entry.remove("name");
            let moments =
                |s: &Summary| json!({ "mean": s.mean, "sd": s.sd, "q05": s.q05, "q50": s.q50, "q95": s.q95 });
            entry.insert("a".to_string(), moments(&row.summaries[0]));
            entry.insert("b".to_string(), moments(&row.summaries[1]));
        }
        parameters.insert(row.name.clone(), entry);
    }
    let worst = rows.iter().map(|row| row.agreement).max();
    json!({
        "schema": SCHEMA,
        "a": names[0],
        "b": names[1],
        "agreement": worst,
        "only_in_one": alone,
        "parameters": parameters,
    })
}

/// Models of the same data, best first, with their differences from the best.
pub fn loo_models(models: &[(&str, &Loo)]) -> Value {
    let mut order: Vec<&(&str, &Loo)> = models.iter().collect();
    let elpd = |loo: &Loo| loo.elpd().map_or(f64::NEG_INFINITY, |(elpd, _)| elpd);
    order.sort_by(|a, b| elpd(b.1).total_cmp(&elpd(a.1)));
    let Some((_, best)) = order.first() else { return Value::Null };
    let one = |(name, loo): &&(&str, &Loo)| {
        let mut entry = leave_one_out(loo);
        let difference = loo.minus(best);
        entry["fit"] = json!(name);
        entry["difference"] = json!(difference.map(|(difference, _)| difference));
        entry["se_of_difference"] = json!(difference.map(|(_, se)| se).filter(|_| loo.is_aligned(best)));
        entry
    };
    order.iter().map(one).collect()
}

/// `vippl calibrate --json`: by element, with the rank of the true value in each fit.
pub fn calibration(model: &str, calibration: &Calibration) -> Value {
    let parameters: Map<String, Value> =
        calibration.elements.iter().map(|element| (element.name.clone(), json!(element))).collect();
    json!({
        "schema": SCHEMA,
        "model": model,
        "conclusion": calibration.conclusion(),
        "simulations": calibration.n_simulations,
        "verdicts": {
            "ok": calibration.n_with(Verdict::Ok),
            "corrected": calibration.n_with(Verdict::Corrected),
            "distrust": calibration.n_with(Verdict::Distrust),
        },
        "failures": calibration.failures,
        "shortened": calibration.shortened,
        "parameters": parameters,
    })
}

/// log p(x) where densities are normalised, and KL(q || p(z | x)); null of a sample.
fn evidence(posterior: &Posterior) -> Value {
    let Some(Evidence { log_evidence, kl, is_bound, bounds, prior }) =
        posterior.fit().and_then(|fit| fit.evidence.as_ref())
    else {
        return Value::Null;
    };
    json!({
        "log_evidence": posterior.evidence.then_some(log_evidence),
        "kl_to_posterior": kl,
        "at_least": is_bound,
        "bounds": posterior.evidence.then_some(bounds),
        "prior": prior.as_ref().filter(|_| posterior.evidence),
    })
}

fn leave_one_out(loo: &Loo) -> Value {
    let elpd = loo.elpd();
    json!({
        "elpd": elpd.map(|(elpd, _)| elpd),
        "se": elpd.map(|(_, se)| se),
        "p_loo": loo.p_loo(),
        "observations": loo.n_observed,
        "left_out": loo.elpd.len(),
        "draws": loo.n_draws,
        "k_hat_threshold": loo.threshold(),
        "unreliable": loo.n_unreliable(),
    })
}
