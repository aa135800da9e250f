# R's matrix product.
b[3] ~ Normal(0, 1)
y ~ Normal(X %*% b, 1)
