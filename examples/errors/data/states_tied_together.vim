# Each of 20 discrete latents stands in an observation with each other one.
z[20] ~ Bernoulli(0.5)
for i in 1:20 {
  for j in 1:20 {
    y[i, j] ~ Normal(z[i] * z[j], 1)
  }
}
