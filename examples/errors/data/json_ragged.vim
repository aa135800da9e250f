# The rows of a matrix have two lengths.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
