# A flat prior that nothing observes is no distribution.
mu ~ Flat()
tau ~ Flat(lower = 0)
y ~ Normal(mu, 1)
