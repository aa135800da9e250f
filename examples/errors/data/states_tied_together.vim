# Each of 30 discrete latents stands in an observation with each other one.
z[30] ~ Bernoulli(0.5)
for i in 1:30 {
  for j in 1:30 {
    y[i, j] ~ Normal(z[i] * z[j], 1)
  }
}
