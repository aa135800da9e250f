# Autoregression of order 2. Shows: a loop over time; the first two values are only conditioned on.

level  ~ Normal(0, 5)
phi[2] ~ Normal(0, 0.5)
sigma  ~ HalfNormal(2)
for t in 3:rows {
  y[t] ~ Normal(level + phi[1] * y[t - 1] + phi[2] * y[t - 2], sigma)
}

## value to which the series returns
long_run_mean = level / (1 - sum(phi))
