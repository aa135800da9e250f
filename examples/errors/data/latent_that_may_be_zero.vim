# A latent that is exactly 0 with some probability.
effect[2] ~ hurdle(0.5, Normal(0, 1))
y ~ Normal(effect[1] + effect[2] * x, 1)
