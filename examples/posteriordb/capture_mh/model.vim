# Animals caught on five nights, some easier to catch than others.

omega                ~ Uniform(0, 1)
mean_p               ~ Uniform(0, 1)
sigma                ~ Uniform(0, 5)
ease[len(nights)]    ~ Normal(logit(mean_p), sigma)
present[len(nights)] ~ Bernoulli(omega)
nights               ~ Binomial(5, present * inv_logit(ease))
