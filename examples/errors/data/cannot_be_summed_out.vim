# Every observation depends on all switches: 2^20 cases.
z[20] ~ Bernoulli(0.5)
b[20] ~ Normal(0, 1)
y ~ Normal(dot(z, b), 1)
