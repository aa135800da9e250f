# A shape that may be negative, a probability that may be 2.
a ~ Normal(0, 1)
q ~ Normal(0, 1)
x ~ Gamma(a, 1)
k ~ Bernoulli(q)
factor x * k
