# A `param` has no prior, and so no posterior.
param s in (0, inf)
mu ~ Normal(0, 10)
y  ~ Normal(mu, s)
