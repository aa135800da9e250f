# A distribution is not a number.
mu = Normal(0, 1) + 1
y ~ Normal(mu, 1)
