# An expression is not a statement.
mu ~ Normal(0, 1)
mu + 1
y ~ Normal(mu, 1)
