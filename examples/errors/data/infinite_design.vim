beta[2] ~ Normal(0, 1)
y ~ Normal(X @ beta, 1)
