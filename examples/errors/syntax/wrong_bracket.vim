# Opened as one kind, closed as another.
theta[3) ~ Normal(0, 1)
y ~ Normal(theta, 1)
