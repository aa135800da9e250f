# The third of two.
b[2] ~ Normal(0, 1)
y ~ Normal(b[1] + b[3], 1)
