# One rate behind a number of successes.

theta ~ Beta(1, 1)
k     ~ Binomial(n, theta)
