# Without data `y` is a latent, and only data are censored.
mu ~ Normal(0, 5)
y ~ censored(Normal(mu, 1), upper = 2)
