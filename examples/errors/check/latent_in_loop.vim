# In a loop a latent variable needs its element.
for i in 1:8 {
  theta ~ Normal(0, 1)
  y[i] ~ Normal(theta, 1)
}
