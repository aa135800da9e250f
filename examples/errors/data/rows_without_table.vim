# There is no table, so there are no rows.
z[rows] ~ Normal(0, 1)
a ~ Normal(0, 1)
y ~ Normal(a + sum(z), 1)
