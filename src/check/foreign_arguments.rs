//! What Stan, PyMC, SciPy and R call the arguments of distributions.

use super::aliases::fold;

/// Names of arguments here, and those that they go by elsewhere, spelt in lower case without underscores.
const ALIASES: &[(&str, &[&str])] = &[
    ("mean", &["mu", "loc", "location", "m"]),
    ("sd", &["sigma", "std", "stddev", "stdev", "scale", "s"]),
    ("loc", &["mu", "mean", "location", "m", "median"]),
    ("scale", &["sigma", "sd", "b", "beta", "s", "v"]),
    ("meanlog", &["mu", "mean", "m"]),
    ("sdlog", &["sigma", "sd", "s"]),
    ("df", &["nu", "n", "v"]),
    ("shape", &["alpha", "a", "k", "kappa", "c", "xi"]),
    ("rate", &["lambda", "lam", "beta", "b", "mu", "theta"]),
    ("a", &["alpha", "shape1"]),
    ("b", &["beta", "shape2"]),
    ("p", &["prob", "probs", "probability", "theta", "pi", "psi", "zi", "hu"]),
    ("w", &["weights", "p", "probs", "theta", "pi"]),
    ("logit", &["logitp", "logits", "eta"]),
    ("logits", &["logitp", "logit", "eta"]),
    ("log", &["eta", "logmu", "logmean", "loglambda", "lograte"]),
    ("n", &["size", "trials", "totalcount"]),
    ("dispersion", &["phi", "alpha", "size", "overdispersion"]),
    ("precision", &["nu", "kappa", "phi"]),
    ("concentration", &["alpha", "a", "kappa"]),
    ("lower", &["low", "min", "left", "a", "lb"]),
    ("upper", &["high", "max", "right", "b", "ub"]),
    ("mode", &["c"]),
    ("min", &["m", "xm", "b", "ymin", "location"]),
    ("cov", &["sigma", "covariance", "covariancematrix"]),
    ("chol", &["l", "scaletril", "cholesky"]),
    ("prec", &["tau", "omega", "precisionmatrix", "precision"]),
    ("cutpoints", &["c", "cuts", "thresholds"]),
    ("K", &["n", "dim", "d"]),
    ("eta", &["linpred", "phi", "concentration"]),
    ("coef", &["rho", "ar", "phi"]),
    ("steps", &["n", "length", "t"]),
];

/// Arguments elsewhere that are a function of one here: the name there, the name here, how to write it.
const CONVERSIONS: &[(&str, &str, &str)] = &[
    ("tau", "sd", "`tau` is a precision: `sd = 1 / sqrt(tau)`"),
    ("precision", "sd", "an sd is `1 / sqrt(precision)`"),
    ("variance", "sd", "an sd is `sqrt(variance)`"),
    ("var", "sd", "an sd is `sqrt(var)`"),
    ("sigma2", "sd", "an sd is `sqrt(sigma2)`"),
    ("scale", "rate", "a rate is `1 / scale`"),
    ("theta", "rate", "a rate is `1 / theta`, where theta is a scale"),
];

/// Arguments elsewhere for which something other than an argument stands here, and what.
const ELSEWHERE: &[(&str, &str)] = &[
    ("lower", "bounds stand around a distribution: `truncated(D, lower = a)`"),
    ("upper", "bounds stand around a distribution: `truncated(D, upper = b)`"),
    ("lb", "bounds stand around a distribution: `truncated(D, lower = a)`"),
    ("ub", "bounds stand around a distribution: `truncated(D, upper = b)`"),
    ("observed", "what is observed stands on the left: `y ~ D(...)`, where the data have `y`"),
    ("dims", "how many draws there are stands on the left: `b[county] ~ D(...)`"),
    ("shape", "how many draws there are stands on the left: `b[3] ~ D(...)`"),
    ("size", "how many draws there are stands on the left: `b[3] ~ D(...)`"),
    ("log", "the log density is `lpdf(D, x)`"),
];

/// What to say of an argument `name` that a distribution with the arguments `wanted` does not have.
pub(super) fn called_here(name: &str, wanted: &[&str]) -> Option<String> {
    let folded = fold(name);
    let conversion = CONVERSIONS.iter().find(|(theirs, ours, _)| *theirs == folded && wanted.contains(ours));
    if let Some((.., words)) = conversion {
        return Some((*words).into());
    }
    // The first argument in order is the one that is meant.
    let ours = wanted.iter().find(|ours| {
        ALIASES.iter().any(|(known, theirs)| known == *ours && theirs.contains(&folded.as_str()))
    })?;
    Some(format!("`{name}` is called `{ours}` here"))
}

/// What stands in place of an argument `name` that distributions have elsewhere and not here.
pub(super) fn stands_elsewhere(name: &str) -> Option<String> {
    let folded = fold(name);
    ELSEWHERE.iter().find(|(theirs, _)| *theirs == folded).map(|(_, words)| (*words).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist;

    #[test]
    fn every_name_here_is_an_argument_of_the_catalogue() {
        let forms = dist::ALL.iter().flat_map(|d| d.forms().iter().copied().flatten());
        let wrappers = dist::wrappers::ALL.iter().flat_map(|w| w.params());
        let known: Vec<&str> = forms.chain(wrappers).map(|param| param.name).collect();
        let ours = ALIASES.iter().map(|(ours, _)| ours).chain(CONVERSIONS.iter().map(|(_, ours, _)| ours));
        for ours in ours {
            assert!(known.contains(ours), "{ours}");
        }
        let theirs = ALIASES.iter().flat_map(|(_, theirs)| theirs.iter());
        let elsewhere = ELSEWHERE.iter().map(|(theirs, _)| theirs);
        for theirs in theirs.chain(CONVERSIONS.iter().map(|(theirs, ..)| theirs)).chain(elsewhere) {
            assert_eq!(fold(theirs), **theirs);
        }
    }

    #[test]
    fn names_of_other_systems_are_told() {
        for (name, wanted, words) in [
            ("sigma", &["mean", "sd"][..], "`sigma` is called `sd` here"),
            ("mu", &["mean", "sd"], "`mu` is called `mean` here"),
            ("nu", &["df", "loc", "scale"], "`nu` is called `df` here"),
            ("alpha", &["shape", "rate", "mean", "sd"], "`alpha` is called `shape` here"),
            ("Sigma", &["mean", "cov", "chol", "prec"], "`Sigma` is called `cov` here"),
            ("tau", &["mean", "sd"], "`tau` is a precision: `sd = 1 / sqrt(tau)`"),
        ] {
            assert_eq!(called_here(name, wanted).as_deref(), Some(words));
        }
        assert_eq!(called_here("colour", &["mean", "sd"]), None);
        assert_eq!(stands_elsewhere("lower").as_deref(), Some(ELSEWHERE[0].1));
        assert_eq!(stands_elsewhere("colour"), None);
    }
}
