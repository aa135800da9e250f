# A name in its own definition.
mu ~ Normal(mu, 1)
y ~ Normal(mu, 1)
