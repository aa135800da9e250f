# All errors of a file are reported at once.
mu ~ normal(0, 1)
sigma ~ HalfNormal()
y ~ Normal(mu, sigma, 3)
y2 ~ Normal(mu[1], sgma)
