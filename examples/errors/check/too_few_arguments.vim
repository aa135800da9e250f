# A normal distribution has a mean and an sd.
mu ~ Normal(0)
y ~ Normal(mu, 1)
