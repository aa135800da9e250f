# A missing value in an observed column.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
