# The right of ~ is a distribution.
mu ~ 3
y ~ Normal(mu, 1)
