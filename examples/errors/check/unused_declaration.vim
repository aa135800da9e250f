# Data that are declared and not used.
data x: real[2]
data y: real[2]
mu ~ Normal(0, 10)
y ~ Normal(mu, 1)
