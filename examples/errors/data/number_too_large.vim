b ~ Normal(0, 1)
y ~ Normal(b * x, 1)
