# Waiting times between eruptions come in two kinds. Shows: a mixture as a distribution, ordered means.

## share of the short waits
w        ~ Beta(2, 2)
mu[2]    ~ ordered(Normal(70, 20))
sigma[2] ~ HalfNormal(10)
waiting  ~ mixture([w, 1 - w], Normal(mu, sigma))
