# R's integers.
K = 3L
b[K] ~ Normal(0, 1)
y ~ Normal(sum(b), 1)
