# Pairs of peregrines counted in forty years: a cubic trend of the log.

b[4]  ~ Normal(0, 10)
pairs ~ Poisson(log = cbind(1, year, year^2, year^3) @ b)
