# Radon in houses: one line for all counties.

alpha     ~ Normal(0, 10)
beta      ~ Normal(0, 10)
sigma     ~ HalfNormal(1)
log_radon ~ Normal(alpha + beta * first_floor, sigma)
