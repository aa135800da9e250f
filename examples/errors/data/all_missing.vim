# A column in which nothing is known.
mu ~ Normal(0, 10)
y ~ Normal(mu, 1)
