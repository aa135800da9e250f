# Limits the wrong way round.
mu ~ Normal(0, 5)
score ~ censored(Normal(mu, 2), lower = 10, upper = 0)
