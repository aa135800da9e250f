# A quoted field that never ends.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
