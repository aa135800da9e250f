# Two arguments without a comma.
y ~ Normal(0 1)
