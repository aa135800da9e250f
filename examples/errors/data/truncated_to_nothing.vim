# No number is above 2 and below 1.
theta ~ truncated(Normal(0, 1), lower = 2, upper = 1)
y ~ Normal(theta, 1)
