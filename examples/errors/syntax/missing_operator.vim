# Two names in a row.
mu ~ Normal(0, 1)
y ~ Normal(mu x, 1)
