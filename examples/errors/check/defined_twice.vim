# Two definitions of one name.
mu ~ Normal(0, 1)
mu = 3
y ~ Normal(mu, 1)
