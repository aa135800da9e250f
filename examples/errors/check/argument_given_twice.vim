# By position and by name.
mu ~ Normal(0, 1, mean = 2)
y ~ Normal(mu, 1)
