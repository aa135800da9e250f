# Two lengths do not broadcast; both are shown.
b[2] ~ Normal(0, 1)
mu = X @ b
y ~ Normal(mu, 1)
