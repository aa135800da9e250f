# A constant outside its range.
mu ~ Normal(0, -1)
y ~ Normal(mu, 1)
