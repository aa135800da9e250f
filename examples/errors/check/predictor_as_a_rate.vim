# A linear predictor is a rate only after `exp`; one that comes back to where it was is no matter.
b[2] ~ Normal(0, 1)
c ~ Normal(0, 1)
s ~ HalfNormal(1)
n ~ Poisson(b[1] + 2 * b[2])
m ~ Poisson(c - c + 1)
x ~ Normal(0, -s)
factor x * n * m
