# A plate has at least one element.
b[K - 3] ~ Normal(0, 1)
y ~ Normal(sum(b), 1)
