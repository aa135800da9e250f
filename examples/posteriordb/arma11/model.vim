# A series in which each value leans on the last one and on the last surprise.

mu          ~ Normal(0, 10)
phi         ~ Normal(0, 2)
theta       ~ Normal(0, 2)
sigma       ~ HalfCauchy(2.5)
surprise[1] = y[1] - mu - phi * mu
y[1]        ~ Normal(mu + phi * mu, sigma)
for t in 2:len(y) {
  m           = mu + phi * y[t - 1] + theta * surprise[t - 1]
  surprise[t] = y[t] - m
  y[t]        ~ Normal(m, sigma)
}
