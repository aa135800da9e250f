# One rate behind several numbers of successes.

theta ~ Beta(1, 1)
k     ~ Binomial(n, theta)
