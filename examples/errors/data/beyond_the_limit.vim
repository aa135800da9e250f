# A value that should have been recorded as the limit.
mu ~ Normal(0, 5)
hours ~ censored(Normal(mu, 1), upper = 2)
