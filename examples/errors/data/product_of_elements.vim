# A matrix product is written @.
b[2] ~ Normal(0, 1)
X = cbind(1, x)
y ~ Normal(X * b, 1)
