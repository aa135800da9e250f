# One argument too many, of a distribution and of a function.
mu ~ HalfNormal(0, 1)
y ~ Normal(sqrt(mu, 2), 1)
