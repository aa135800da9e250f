# A number is not called.
mu ~ Normal(0, 1)
y ~ Normal(mu(2), 1)
