# Radon in houses: levels of the counties, partially pooled, with one step for the first floor.

mu            ~ Normal(0, 10)
tau           ~ HalfNormal(1)
beta          ~ Normal(0, 10)
sigma         ~ HalfNormal(1)
alpha[county] ~ Normal(mu, tau)
log_radon     ~ Normal(alpha[county] + beta * first_floor, sigma)
