# Factor analysis: two abilities behind six tests. Shows: loadings and a noise of its own for each column as `param`.

param W[2, 6]
param m[6]
## sd of what the factors leave of each test
param psi[6] in (0, inf)

z[rows, 2] ~ Normal(0, 1)
cbind(vocabulary, reading, grammar, arithmetic, geometry, algebra) ~ Normal(z @ W + m, psi)
