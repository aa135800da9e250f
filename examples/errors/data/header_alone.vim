# Column names and no rows.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
