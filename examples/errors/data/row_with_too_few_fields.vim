# A row of the table is shorter than its header.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
