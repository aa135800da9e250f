//! The words of fits and their summaries: what each means, and what to do about it.

/// A word that a summary or an option has.
#[derive(Debug)]
pub struct Term {
    /// The first is its own, the others are spellings and words for the same.
    pub names: &'static [&'static str],
    pub summary: &'static str,
    /// Markdown.
    pub text: &'static str,
}

pub static ALL: &[Term] = &[
    Term {
        names: &["auto"],
        summary: "The family that the fit chooses itself",
        text: "`--family auto` is the default. Up to 300 latents it begins with `fullrank`, up to 4,000 with `sparse` where each latent \
               depends on few others, and else with `meanfield`. Where the first does not settle it tries another and keeps the one with the greater ELBO. \
               The last lines of a summary say which, and why; `--verbose` shows the way there.\n\n\
               Which family answered matters little: weights and chains say what its numbers are worth (`vippl help ok`).",
    },
    Term {
        names: &["ok", "verdict"],
        summary: "The verdict on a number that q has right",
        text: "Draws of q that are weighed by the posterior, or Markov chains that start from q, leave its mean, sd and quantiles where they are, \
               to a twentieth of an sd.\n\n\
               The other verdicts are `corrected` (q was off, what is reported is not) and `distrust` (nothing vouches for it). The verdict of a \
               fit is the worst of its elements. docs/trust.md tells how they are reached.",
    },
    Term {
        names: &["corrected"],
        summary: "The verdict on a number that replaces q's own",
        text: "q was off. What is reported, and the draws that are kept, are draws of q weighed by the posterior, or draws of Markov chains that \
               started from q. These are right as far as can be seen: there is nothing to do.",
    },
    Term {
        names: &["distrust", "distrusted"],
        summary: "The verdict on a number that nothing vouches for",
        text: "Neither weights nor chains bear the number out. A warning names the element that is worst, what stands in the way and what to do \
               next. `vippl sample` is the other way to an answer.\n\n\
               With `--strict` the exit status is 3 where anything is distrusted.",
    },
    Term {
        names: &["k-hat", "pareto k", "psis"],
        summary: "How heavy the tail of the weights is",
        text: "Each draw of q has the weight p(x, z) / q(z). k-hat is the shape of the tail of these weights (Pareto smoothed importance sampling; Vehtari, \
               Simpson, Gelman, Yao and Gabry 2024): below 0 it ends, above 1 weights have no mean. They can be relied on below \
               min(1 - 1 / log10 S, 0.7) for S draws.\n\n\
               Above it q does not cover the posterior, and chains are asked instead: a large k-hat does not make a result wrong where the verdict is \
               `corrected`. In `vippl compare` and `--loo` there is a k-hat for each observation that is left out.",
    },
    Term {
        names: &["R-hat", "split R-hat"],
        summary: "Whether Markov chains agree",
        text: "The spread of all chains over that within each half of a chain, of ranks: 1 where all look alike, and not to be trusted above 1.01 (Vehtari, \
               Gelman, Simpson, Carpenter and Bürkner 2021).\n\n\
               Above it the chains have not come to the same place: let `vippl sample` run longer (`--warmup`, `--draws`), or look for several modes, a \
               funnel, or latents that the data leave open.",
    },
    Term {
        names: &["ESS", "effective sample size", "effective draws"],
        summary: "How many independent draws the draws of chains are worth",
        text: "`ESS bulk` counts for means, `ESS tail` for the 5% and 95% quantiles. 100 for each chain are enough; more draws (`--draws`) make more.",
    },
    Term {
        names: &["ELBO", "evidence lower bound"],
        summary: "What q is made to maximise",
        text: "The evidence lower bound E[log p(x, z)] + entropy of q, in nats: log p(x) less how far q is from the posterior (KL). Its parts are the \
               expected log likelihood less KL from q to the prior.\n\n\
               Between families of one model and one data set more is better; between models compare log p(x) or leave-one-out (`vippl compare`). \
               docs/elbo.md tells all of it.",
    },
    Term {
        names: &["log p(x)", "evidence", "marginal likelihood", "KL"],
        summary: "How likely the model makes the data, its latents averaged out",
        text: "In nats, by the weights of draws, with a standard error. *At least* stands before it where weights are too uneven: then it is a lower bound. \
               log p(x) - ELBO is the KL divergence from q to the posterior, 0 where q is the posterior.\n\n\
               `--evidence bounds` adds bounds that close in on it, `--evidence prior` the mean likelihood of draws from the prior. With \
               `factor` or `Flat` densities are not normalised, and log p(x) means nothing.",
    },
    Term {
        names: &["centring", "centering", "non-centred", "noncentered", "reparameterisation"],
        summary: "The coordinates of latents whose location or scale is a latent",
        text: "`theta ~ Normal(mu, tau)` as written is centred: where `tau` is small theta has no room, the funnel that samplers and Gaussians fail in. Apart \
               from its location and scale, `z ~ Normal(0, 1)` and `theta = mu + tau * z`, it has none where data say little, and another where \
               they say much.\n\n\
               `--centring learned` is the default: coordinates in between, learned for each latent, from 0 (apart) to 1 (as written). The last lines of a summary show \
               them. `--centring as-written` keeps the model's. What is reported is the same quantity in either.",
    },
    Term {
        names: &["divergence", "divergent", "divergences"],
        summary: "A trajectory of a chain that misses its way",
        text: "Its energy is not kept: the posterior bends more than a step can follow, as in the neck of a funnel, and what is there is left out. \
               `vippl sample --target-accept 0.99` takes smaller steps; a hierarchical latent apart from its scale (`vippl help centring`) needs none.",
    },
    Term {
        names: &["funnel"],
        summary: "A latent whose scale goes with another one",
        text: "Where `tau` is small, `theta ~ Normal(mu, tau)` is narrow; where it is large, wide: no Gaussian and no one step size suits both. \
               `--centring learned` (the default) takes them apart where the model says that it is so. Elsewhere write the latent as `z ~ Normal(0, 1)` \
               times its scale.",
    },
    Term {
        names: &["improper"],
        summary: "A posterior that cannot be normalised",
        text: "Its density does not fall off: a `Flat` prior that data do not make up for, two latents of which only the sum is known and neither has a \
               proper prior, or a scale that goes to 0 because all observations are equal. Give the latent that the warning names a proper prior.",
    },
    Term {
        names: &["mcse", "monte carlo error"],
        summary: "The error that comes of having so many draws and no more",
        text: "The standard error of a mean as an average over draws, on the scale of the quantity; `--json` has it for each element, and answers at the \
               prompt have theirs after the `±`. Four times the draws halve it.",
    },
];

/// More on the families of `--family`, by their names.
pub static FAMILIES: &[(&str, &str)] = &[
    (
        "meanfield",
        "a normal for each latent, all independent, with the means and sds that maximise the ELBO on fixed draws. Means are good; where latents \
         are correlated sds are too small, which weights and chains make up for. It serves any number of latents, and learns `param`s.",
    ),
    (
        "response",
        "mean-field, then the covariance from how its means respond to a small tilt of log p (linear response; Giordano, Broderick and Jordan 2018): right for \
         a Gaussian posterior, and sds that mean-field has too small are put right.",
    ),
    (
        "laplace",
        "no optimisation of the ELBO: the mode of log p on the unconstrained scale, and the inverse of the curvature there. Quick, and right for posteriors \
         that are close to Gaussian; it knows nothing of skew or tails.",
    ),
    (
        "fullrank",
        "all means and all covariances, by Newton's method on the ELBO. The first choice of `auto` up to 300 latents.",
    ),
    (
        "sparse",
        "as fullrank, where the precision has the zeros of log p's second derivatives: hierarchies, chains over time, graphs. The first choice of `auto` \
         from 300 up to 4,000 latents.",
    ),
    ("mixture", "a Gaussian at each mode that is found, with shares by their ELBOs."),
];
