# The size of a plate depends on data alone.
k ~ Poisson(3)
b[k] ~ Normal(0, 1)
y ~ Normal(sum(b), 1)
