# The sd of a prior is negative wherever the latent is.
a ~ Normal(0, 1)
b ~ Normal(0, -1 - a^2)
y ~ Normal(a + b, 1)
