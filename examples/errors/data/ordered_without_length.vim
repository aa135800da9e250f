# Increasing numbers, but how many?
mu ~ ordered(Normal(0, 2))
y ~ mixture([0.5, 0.5], Normal(mu, 1))
