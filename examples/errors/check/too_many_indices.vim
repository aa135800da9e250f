# A vector has one dimension.
b[2] ~ Normal(0, 1)
y ~ Normal(b[1, 2], 1)
