# Indices begin at 1.
b[2] ~ Normal(0, 1)
y ~ Normal(b[0] + b[1], 1)
