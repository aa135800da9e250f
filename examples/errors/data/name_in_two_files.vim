# Two files have a y.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
