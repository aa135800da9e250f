# What depends on a latent cannot be observed.
mu ~ Normal(0, 1)
r = y - mu
r ~ Normal(0, 1)
