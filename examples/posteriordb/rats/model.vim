# Weights of young rats, each with a line of its own.

mu[2]  ~ Normal(0, 100)
tau[2] ~ Flat(lower = 0)
sigma  ~ Flat(lower = 0)
## of each rat, the weight in the middle of the study and the gain a day
line[rat, 2] ~ Normal(mu, tau)
weight       ~ Normal(line[rat, 1] + line[rat, 2] * (day - 22), sigma)
birth_weight = mu[1] - 22 * mu[2]
