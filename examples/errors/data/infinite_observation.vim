m ~ Normal(0, 1)
y ~ Normal(m, 1)
