# Radon in houses: levels of the counties without any pooling.

alpha[county] ~ Normal(0, 10)
beta          ~ Normal(0, 10)
sigma         ~ HalfNormal(1)
log_radon     ~ Normal(alpha[county] + beta * first_floor, sigma)
