# The loop begins behind the first value, which is missing.
rho ~ Uniform(-1, 1)
for t in 2:rows {
  y[t] ~ Normal(rho * y[t - 1], 1)
}
