//! What Stan, BUGS, R, NumPy and PyMC call things, and what the language has but this version does not.

/// Names from elsewhere and what to write here, spelt in lower case without underscores.
const ALIASES: &[(&str, &str)] = &[
    // Distributions
    ("gaussian", "Normal(mean, sd)"),
    ("norm", "Normal(mean, sd)"),
    ("dnorm", "Normal(mean, sd), with an sd (BUGS and JAGS take a precision)"),
    ("rnorm", "Normal(mean, sd)"),
    ("stdnormal", "Normal(0, 1)"),
    ("halfnorm", "HalfNormal(sd)"),
    ("halft", "HalfStudentT(df, scale)"),
    ("student", "StudentT(df, loc, scale)"),
    ("dt", "StudentT(df, loc, scale), with a scale (BUGS and JAGS take a precision, and df last)"),
    ("tdistribution", "StudentT(df, loc, scale)"),
    ("dcauchy", "Cauchy(loc, scale)"),
    ("dlaplace", "Laplace(loc, scale)"),
    ("ddexp", "Laplace(loc, scale), with a scale (BUGS and JAGS take a rate)"),
    ("dlogis", "Logistic(loc, scale), with a scale (BUGS and JAGS take a rate)"),
    ("doubleexponential", "Laplace(loc, scale)"),
    ("dlnorm", "LogNormal(meanlog, sdlog), with an sd (BUGS and JAGS take a precision)"),
    ("lnorm", "LogNormal(meanlog, sdlog)"),
    ("dexp", "Exponential(rate)"),
    ("expon", "Exponential(rate)"),
    ("dgamma", "Gamma(shape, rate)"),
    ("invgamma", "InverseGamma(shape, scale)"),
    ("dbeta", "Beta(a, b)"),
    ("dunif", "Uniform(lower, upper)"),
    ("unif", "Uniform(lower, upper)"),
    ("dflat", "Flat()"),
    ("halfflat", "Flat(lower = 0)"),
    ("improperuniform", "Flat()"),
    ("dbern", "Bernoulli(p)"),
    ("bern", "Bernoulli(p)"),
    ("bernoullilogit", "Bernoulli(logit = ...)"),
    ("dbin", "Binomial(n, p), n first"),
    ("dbinom", "Binomial(n, p)"),
    ("binom", "Binomial(n, p)"),
    ("binomiallogit", "Binomial(n, logit = ...)"),
    ("dpois", "Poisson(rate)"),
    ("pois", "Poisson(rate)"),
    ("poissonlog", "Poisson(log = ...)"),
    ("negativebinomial", "NegBinomial(mean, dispersion)"),
    ("negbinom", "NegBinomial(mean, dispersion)"),
    (
        "negbinomial",
        "NegBinomial(mean, dispersion), Stan's neg_binomial_2; Stan's neg_binomial(alpha, beta) has mean alpha / beta and dispersion alpha",
    ),
    ("negbinomial2", "NegBinomial(mean, dispersion)"),
    ("negbinomial2log", "NegBinomial(log = ..., dispersion = ...)"),
    ("dnegbin", "NegBinomial(mean, dispersion); dnegbin(p, r) has mean r * (1 - p) / p and dispersion r"),
    ("dcat", "Categorical(p)"),
    ("discrete", "Categorical(p)"),
    ("categoricallogit", "Categorical(logits = ...)"),
    ("dmulti", "Multinomial(n, p)"),
    ("ddirch", "Dirichlet(concentration)"),
    ("ddirich", "Dirichlet(concentration)"),
    ("multinormal", "MvNormal(mean, cov)"),
    ("multinormalcholesky", "MvNormal(mean, chol = ...)"),
    ("multinormalprec", "MvNormal(mean, prec = ...)"),
    ("multivariatenormal", "MvNormal(mean, cov)"),
    ("dmnorm", "MvNormal(mean, prec = ...)"),
    ("mvn", "MvNormal(mean, cov)"),
    ("lkj", "LkjCorr(K, eta)"),
    ("lkjcorrcholesky", "LkjCholesky(K, eta)"),
    ("lkjcholeskycov", "LkjCholesky(K, eta)"),
    ("dweib", "Weibull(shape, scale); dweib(v, lambda) has the scale lambda^(-1 / v)"),
    ("dpar", "Pareto(min, shape); dpar(alpha, c) is Pareto(c, alpha)"),
    ("dwish", "Wishart(df, scale); dwish(R, k) is Wishart(k, inverse(R))"),
    ("vonmisesdistribution", "VonMises(loc, concentration)"),
    ("gaussianrandomwalk", "RandomWalk(sd, steps)"),
    ("deterministic", "a plain definition, `x = ...`"),
    ("potential", "a statement, `factor x`"),
    ("dinterval", "censored(D, lower = ..., upper = ...), around the distribution of what is censored"),
    ("zeroinflatedpoisson", "zero_inflated(p, Poisson(rate)), where p is the probability of an extra zero"),
    ("zeroinflatedbinomial", "zero_inflated(p, Binomial(n, q)), where p is the probability of an extra zero"),
    ("zeroinflatednegativebinomial", "zero_inflated(p, NegBinomial(mean, dispersion))"),
    ("hurdlepoisson", "hurdle(p, Poisson(rate)), where p is the probability of a zero"),
    ("hurdlegamma", "hurdle(p, Gamma(shape, rate)), where p is the probability of a zero"),
    ("bernoullilogitglm", "Bernoulli(logit = alpha + X @ beta)"),
    ("poissonlogglm", "Poisson(log = alpha + X @ beta)"),
    ("normalidglm", "Normal(alpha + X @ beta, sigma)"),
    ("hmmmarginal", "a chain of discrete latents: `for t in 2:T { z[t] ~ Categorical(P[z[t - 1]]) }`"),
    // Functions
    ("ln", "log"),
    ("expit", "inv_logit"),
    ("logistic", "inv_logit(x) for the function, Logistic(loc, scale) for the distribution"),
    ("plogis", "inv_logit"),
    ("qlogis", "logit"),
    ("ilogit", "inv_logit"),
    ("phi", "inv_probit"),
    ("pnorm", "cdf(Normal(mean, sd), x), or inv_probit(z)"),
    ("qnorm", "quantile(Normal(mean, sd), p), or probit(p)"),
    ("pow", "the operator ^, as in x ^ 2"),
    ("power", "the operator ^, as in x ^ 2"),
    ("fabs", "abs"),
    ("gammaln", "lgamma"),
    ("loggam", "lgamma"),
    ("dotproduct", "dot"),
    ("ifelse", "where(c, a, b)"),
    ("switch", "where(c, a, b)"),
    ("step", "a comparison, as in x >= 0, which counts as 0 or 1"),
    ("intstep", "a comparison, as in x > 0, which counts as 0 or 1"),
    ("equals", "the operator ==, as in x == k, which counts as 0 or 1"),
    ("not", "the operator !, as in !x"),
    ("inprod", "the operator @, as in X @ b"),
    ("innerproduct", "dot"),
    ("logmix", "mixture(w, [D1, D2]), as in `y ~ mixture([w, 1 - w], [Normal(0, 1), Normal(3, 1)])`"),
    ("fmax", "max"),
    ("fmin", "min"),
    ("phiapprox", "inv_probit"),
    ("select", "where(c, a, b)"),
    ("length", "len"),
    ("nlevels", "len(levels(x))"),
    ("unique", "levels"),
    ("bincount", "segment_sum(1, group)"),
    ("tabulate", "segment_sum(1, group)"),
    ("rowsum", "segment_sum"),
    ("groupsum", "segment_sum"),
    ("tapply", "segment_sum"),
    ("size", "len"),
    ("numelements", "len"),
    ("rows", "nrow"),
    ("cols", "ncol"),
    ("std", "sd"),
    ("stdev", "sd"),
    ("stddev", "sd"),
    ("variance", "var"),
    ("average", "mean"),
    ("t", "the postfix ', as in X'"),
    ("appendcol", "cbind"),
    ("appendrow", "rbind"),
    ("hstack", "cbind"),
    ("columnstack", "cbind"),
    ("vstack", "rbind"),
    ("c", "brackets, as in [1, 2, 3], or concat(a, b)"),
    ("array", "brackets, as in [1, 2, 3]"),
    ("vector", "brackets, as in [1, 2, 3]"),
    ("crossprod", "X' @ X"),
    ("diagpremultiply", "diag(tau) @ L"),
    ("diagpostmultiply", "L @ diag(tau)"),
    ("rowsums", "sum(X, axis = 2)"),
    ("colsums", "sum(X, axis = 1)"),
    ("rowmeans", "mean(X, axis = 2)"),
    ("sortasc", "sort"),
    ("matmul", "the operator @"),
    ("mdivideleft", "solve"),
    ("choleskydecompose", "cholesky"),
    ("chol", "cholesky"),
    ("covexpquad", "gp_exp_quad"),
    ("gpexpquadcov", "gp_exp_quad"),
    ("cumulativesum", "cumsum"),
    ("scale", "standardize"),
    ("zscore", "standardize"),
    ("identity", "eye"),
    ("identitymatrix", "eye"),
    ("linspace", "seq"),
    ("range", "the operator `:`, as in 1:n"),
    ("neg", "the operator `-`, as in -x"),
    ("colon", "the operator `:`, as in 1:n"),
    ("arange", "seq"),
    ("repvector", "rep"),
    ("reparray", "rep"),
    ("replicate", "rep"),
    ("repmatrix", "rep"),
    ("onesvector", "ones"),
    ("zerosvector", "zeros"),
    ("logdeterminant", "logdet"),
    ("logdensity", "lpdf(D, x)"),
    ("logprob", "lpdf(D, x)"),
    ("lpmf", "lpdf(D, x)"),
    ("logp", "lpdf(D, x)"),
    ("pdf", "exp(lpdf(D, x))"),
    ("pmf", "exp(lpdf(D, x))"),
    ("logcdf", "log_cdf(D, x)"),
    ("lcdf", "log_cdf(D, x)"),
    ("lccdf", "log_ccdf(D, x)"),
    ("logsf", "log_ccdf(D, x)"),
    ("ccdf", "1 - cdf(D, x), or log_ccdf(D, x) where it is small"),
    ("sf", "1 - cdf(D, x), or log_ccdf(D, x) where it is small"),
    ("ppf", "quantile(D, p)"),
    ("icdf", "quantile(D, p)"),
    ("invcdf", "quantile(D, p)"),
    ("trunc", "truncated(D, lower = ..., upper = ...)"),
    ("truncate", "truncated(D, lower = ..., upper = ...)"),
    ("zip", "zero_inflated(p, Poisson(rate))"),
    ("zinb", "zero_inflated(p, NegBinomial(mean, dispersion))"),
    ("zib", "zero_inflated(p, Binomial(n, p))"),
    ("mix", "mixture(w, D)"),
    ("normalmixture", "mixture(w, Normal(mean, sd))"),
    ("simplex", "Dirichlet(concentration), whose draws are simplexes"),
    // Differential equations
    ("oderk45", "ode(f, y0, t0, ts, args...)"),
    ("oderk45tol", "ode(f, y0, t0, ts, args...)"),
    ("odebdf", "ode(f, y0, t0, ts, args..., method = \"bdf\")"),
    ("integrateodebdf", "ode(f, y0, t0, ts, args..., method = \"bdf\")"),
    ("integrateoderk45", "ode(f, y0, t0, ts, args...)"),
    ("odeint", "ode(f, y0, t0, ts, args...)"),
    ("solveivp", "ode(f, y0, t0, ts, args...)"),
    ("lsoda", "ode(f, y0, t0, ts, args..., method = \"bdf\")"),
];

/// Distributions of the language that come with a later version unless the catalogue has them.
const DISTRIBUTIONS: &[&str] = &[
    "Normal",
    "HalfNormal",
    "StudentT",
    "HalfStudentT",
    "Cauchy",
    "HalfCauchy",
    "Laplace",
    "AsymmetricLaplace",
    "Logistic",
    "Gumbel",
    "SkewNormal",
    "ExpModNormal",
    "LogNormal",
    "LogitNormal",
    "Exponential",
    "Gamma",
    "InverseGamma",
    "ChiSquared",
    "InverseChiSquared",
    "Weibull",
    "Frechet",
    "Rayleigh",
    "InverseGaussian",
    "Pareto",
    "Lomax",
    "GeneralizedExtremeValue",
    "Beta",
    "Kumaraswamy",
    "Uniform",
    "Triangular",
    "VonMises",
    "Flat",
    "Bernoulli",
    "Binomial",
    "BetaBinomial",
    "Poisson",
    "NegBinomial",
    "Geometric",
    "Categorical",
    "OrderedLogistic",
    "OrderedProbit",
    "DiscreteUniform",
    "Hypergeometric",
    "MvNormal",
    "MvStudentT",
    "Dirichlet",
    "Multinomial",
    "DirichletMultinomial",
    "LkjCholesky",
    "LkjCorr",
    "Wishart",
    "InverseWishart",
    "RandomWalk",
    "AutoRegressive",
    "Icar",
];

/// Wrappers, questions to distributions and solvers of the language, likewise.
const WRAPPERS: &[&str] = &[
    "truncated",
    "censored",
    "ordered",
    "positive_ordered",
    "zero_sum",
    "mixture",
    "zero_inflated",
    "hurdle",
    "ode",
];

/// Whether the language has this name, though nothing in this version carries it out.
pub(super) fn planned(name: &str) -> bool {
    DISTRIBUTIONS.contains(&name) || WRAPPERS.contains(&name) || crate::builtin::PLANNED.contains(&name)
}

/// All names that the language knows in call position, present ones and planned ones.
pub(super) fn known_calls<'n>() -> impl Iterator<Item = &'n str> {
    let builtins = crate::builtin::ALL.iter().map(|b| b.name());
    let dists = crate::dist::ALL.iter().map(|d| d.name());
    let wrappers = crate::dist::wrappers::ALL.iter().map(|w| w.name());
    let questions = crate::dist::question::ALL.iter().map(|q| q.name);
    builtins
        .chain(dists)
        .chain(wrappers)
        .chain(questions)
        .chain(DISTRIBUTIONS.iter().copied())
        .chain(WRAPPERS.iter().copied())
        .chain(crate::builtin::PLANNED.iter().copied())
        .filter(|name| name.starts_with(char::is_alphabetic) && !matches!(*name, "neg" | "range"))
}

/// What `name`, a name from another language, is called here, if the list of these names has it.
pub(super) fn listed(name: &str) -> Option<&'static str> {
    let folded = fold(name);
    ALIASES.iter().find(|(from, _)| *from == folded).map(|(_, to)| *to)
}

/// What `name`, a name from another language, is called here.
pub fn translate(name: &str) -> Option<String> {
    if let Some(found) = listed(name) {
        return Some(found.to_string());
    }
    let folded = fold(name);
    // Stan's normal_lpdf, poisson_log_lpmf, normal_rng, normal_lcdf
    let suffixes = ["lpdf", "lpmf", "lupdf", "lupmf", "rng", "lccdf", "lcdf", "cdf", "qf"];
    if let Some((stem, suffix)) =
        suffixes.iter().find_map(|suffix| Some((folded.strip_suffix(suffix)?, *suffix)))
        && let Some(dist) = distribution_like(stem)
    {
        return Some(match suffix {
            "rng" => drawn(&dist),
            "lcdf" => format!("log_cdf({dist}, x)"),
            "lccdf" => format!("log_ccdf({dist}, x)"),
            "cdf" => format!("cdf({dist}, x)"),
            "qf" => format!("quantile({dist}, p)"),
            _ => format!("lpdf({dist}, x)"),
        });
    }
    // R's dgamma, pgamma, qgamma, rgamma
    let mut letters = folded.chars();
    let question = letters.next()?;
    let dist = distribution_like(letters.as_str())?;
    match question {
        'd' => Some(format!("exp(lpdf({dist}, x))")),
        'p' => Some(format!("cdf({dist}, x)")),
        'q' => Some(format!("quantile({dist}, p)")),
        'r' => Some(drawn(&dist)),
        _ => None,
    }
}

/// The distribution that another language calls `stem`, as it is written here.
fn distribution_like(stem: &str) -> Option<String> {
    let names = crate::dist::ALL.iter().map(|d| d.name()).chain(DISTRIBUTIONS.iter().copied());
    let mut known = names.filter(|known| fold(known) == stem).map(|known| format!("{known}(...)"));
    // Aliases of functions begin with a small letter.
    let alias = || ALIASES.iter().find(|(from, to)| *from == stem && to.starts_with(char::is_uppercase));
    // `Normal(mean, sd), with an sd` is cut short.
    known.next().or_else(|| alias().and_then(|(_, to)| Some(to[..=to.find(')')?].to_string())))
}

fn drawn(dist: &str) -> String {
    format!("{dist}, and a draw has a name: `x ~ {dist}`")
}

/// Lower case without separators: `HalfNormal`, `half_normal` and `Half.Normal` are one.
pub(super) fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '.' | ' ' | '-')).flat_map(char::to_lowercase).collect()
}

/// Names near to `name`, nearest first, at most three.
pub fn nearest<'n>(name: &str, candidates: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let folded = fold(name);
    let length = folded.chars().count();
    let limit = if length <= 2 { 0 } else { 1 + (length - 1) / 4 };
    let mut near: Vec<(usize, &str)> = candidates
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| {
            let distance = strsim::damerau_levenshtein(&folded, &fold(candidate));
            (distance <= limit).then_some((distance, candidate))
        })
        .collect();
    near.sort();
    near.dedup();
    near.truncate(3);
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Whether two names are so alike that one is probably meant for the other: at least four characters, one slip (two in
/// long names), and not a numbered pair such as `x1` and `x2`.
pub(super) fn alike(a: &str, b: &str) -> bool {
    let (x, y) = (fold(a), fold(b));
    if x == y {
        return true;
    }
    let (m, n) = (x.chars().count(), y.chars().count());
    let shorter = m.min(n);
    if m.abs_diff(n) > 2 {
        return false;
    }
    let without_digits = |s: &str| s.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    if shorter < 4 || without_digits(&x) == without_digits(&y) {
        return false;
    }
    strsim::damerau_levenshtein(&x, &y) <= if shorter < 8 { 1 } else { 2 }
}

/// `did you mean `a`, `b`?`
pub(super) fn did_you_mean(near: &[&str]) -> Option<String> {
    match near {
        [] => None,
        [one] => Some(format!("did you mean `{one}`?")),
        many => Some(format!("did you mean one of `{}`?", many.join("`, `"))),
    }
}
