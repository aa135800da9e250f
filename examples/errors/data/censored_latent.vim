# A latent that is censored.
x ~ censored(Normal(0, 1), upper = 2)
y ~ Normal(x, 1)
