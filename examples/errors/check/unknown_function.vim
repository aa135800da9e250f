# A function that does not exist, but nearly.
mu ~ Normal(0, 1)
y ~ Normal(expp(mu), 1)
