# Stan's increment of the log density.
mu ~ Normal(0, 1)
target += -0.5 * mu^2
y ~ Normal(mu, 1)
