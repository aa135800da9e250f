# The square root has no derivative at zero, and there it always is.
a ~ Normal(0, 1)
y ~ Normal(sqrt(a - a), 1)
