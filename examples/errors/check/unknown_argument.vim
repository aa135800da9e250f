# Another library's name of an argument.
mu ~ Normal(loc = 0, scale = 1)
y ~ Normal(mu, 1)
