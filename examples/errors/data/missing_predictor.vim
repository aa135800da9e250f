# Missing values where they are only conditioned on: the rows are named.
b ~ Normal(0, 1)
y ~ Normal(b * x, 1)
