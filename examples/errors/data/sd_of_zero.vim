# A standard error of zero in the data.
mu ~ Normal(0, 10)
y ~ Normal(mu, se)
