# Returns whose variance follows their past: GARCH(1,1). Shows: a recursion over time, a bound that depends on a latent.

mu    ~ Normal(0, 1)
omega ~ HalfNormal(1)
## weight of the last shock
a ~ Uniform(0, 1)
## weight of the last variance
b    ~ Uniform(0, 1 - a)
h[1] = var(returns)
for t in 2:rows {
  h[t] = omega + a * (returns[t - 1] - mu)^2 + b * h[t - 1]
}
returns ~ Normal(mu, sqrt(h))

persistence = a + b
