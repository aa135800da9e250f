# Distributions are written with capitals.
mu ~ normal(0, 1)
y ~ Normal(mu, 1)
