# Names are defined above their use.
y ~ Normal(mu, 1)
mu = 3 + a
a ~ Normal(0, 1)
