# R's row names.
mu ~ Normal(0, 10)
y ~ Normal(mu, 1)
