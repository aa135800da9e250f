# The same data in two statements count twice.
mu ~ Normal(0, 10)
y ~ Normal(mu, 1)
y ~ Normal(mu, 2)
