# The data lie outside the support, wherever the latent is.
a ~ Beta(2, 2)
y ~ Uniform(0, a)
