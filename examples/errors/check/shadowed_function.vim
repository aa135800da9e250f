# A name of the model that a built-in function has: allowed, with a remark.
mean ~ Normal(0, 1)
y ~ Normal(mean, 1)
