# A number has no elements.
mu ~ Normal(0, 1)
y ~ Normal(mu[1], 1)
