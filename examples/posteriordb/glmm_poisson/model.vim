# Pairs of peregrines counted in forty years: a cubic trend, and years that vary beyond chance.

b[4]           ~ Normal(0, 10)
tau            ~ Uniform(0, 1)
log_rate[rows] ~ Normal(cbind(1, year, year^2, year^3) @ b, tau)
pairs          ~ Poisson(log = log_rate)
