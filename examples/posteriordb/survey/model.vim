# Surveys sent out in unknown number: the number and the rate of return, from what came back five times.

theta    ~ Uniform(0, 1)
n        ~ DiscreteUniform(1, 100)
returned ~ Binomial(n, theta)
