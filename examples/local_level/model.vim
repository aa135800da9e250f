# A level that drifts, seen through noise. Shows: a latent that is built up element by element.

drift_sd ~ HalfNormal(1)
sigma    ~ HalfNormal(2)
level[1] ~ Normal(20, 10)
for t in 2:rows {
  level[t] ~ Normal(level[t - 1], drift_sd)
}
y ~ Normal(level, sigma)
