# A latent count has no largest value.
n ~ Poisson(5)
y ~ Normal(n, 1)
