# The logarithm is never defined.
a ~ Normal(0, 1)
y ~ Normal(log(-1 - a^2), 1)
