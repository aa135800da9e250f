# Two kinds of values with unit spread: their means, and the share of each.

theta ~ Beta(1, 1)
mu[2] ~ ordered(Normal(0, 10))
y     ~ mixture([theta, 1 - theta], Normal(mu, 1))
