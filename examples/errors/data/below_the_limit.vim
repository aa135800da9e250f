# A value below the limit that nothing is recorded below.
mu ~ Normal(0, 5)
sigma ~ HalfNormal(2)
lead ~ censored(Normal(mu, sigma), lower = limit)
