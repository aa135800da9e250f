# A row of the table is longer than its header: a comma in a number, perhaps.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
