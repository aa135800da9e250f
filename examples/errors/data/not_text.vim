# A file in Latin-1, not in UTF-8.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
