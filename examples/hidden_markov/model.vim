# Activity that switches between rest and motion. Shows: a chain of discrete latents, summed out exactly.

## row: state today, column: state tomorrow
P[2]  ~ Dirichlet([2, 2])
mu[2] ~ ordered(Normal(1, 3))
sigma ~ HalfNormal(2)
z[1]  ~ Categorical([0.5, 0.5])
for t in 2:rows {
  z[t] ~ Categorical(P[z[t - 1]])
}
activity ~ Normal(mu[z], sigma)
