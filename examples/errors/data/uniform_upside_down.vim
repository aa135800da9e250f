# The bounds are the wrong way round.
theta ~ Uniform(2, 1)
y ~ Normal(theta, 1)
