# Birds counted at sites over years, with some visits missing: sites vary.

mu          ~ Normal(0, 10)
tau         ~ Uniform(0, 5)
alpha[site] ~ Normal(mu, tau)
birds       ~ Poisson(log = alpha[site])
