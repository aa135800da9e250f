# A table of a million by a million.
b[N, N] ~ Normal(0, 1)
y ~ Normal(b[1, 1], 1)
