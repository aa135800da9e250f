# A factor is a number.
mu ~ Normal(0, 1)
factor Normal(mu, 1)
y ~ Normal(mu, 1)
