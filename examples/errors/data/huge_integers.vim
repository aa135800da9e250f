# Identifiers that are larger than numbers can hold.
mu ~ Normal(0, 10)
y ~ Normal(mu, 1)
