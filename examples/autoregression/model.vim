# Autoregression of order 2. Shows: a loop over time; the first two values are only conditioned on.

## value to which the series returns
mu     ~ Normal(0, 10)
phi[2] ~ Normal(0, 0.5)
sigma  ~ HalfNormal(2)
for t in 3:rows {
  y[t] ~ Normal(mu + phi[1] * (y[t - 1] - mu) + phi[2] * (y[t - 2] - mu), sigma)
}

## how long shocks last: they die out below 1
memory = sum(phi)
