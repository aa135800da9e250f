# A parameter that nothing depends on cannot be learned.
param w in (0, inf) = 1
mu ~ Normal(0, 1)
y ~ Normal(mu, 1)
