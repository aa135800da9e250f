# Radon in houses: one level, and steps for the first floor that vary between the counties.

alpha        ~ Normal(0, 10)
mu           ~ Normal(0, 10)
tau          ~ HalfNormal(1)
sigma        ~ HalfNormal(1)
beta[county] ~ Normal(mu, tau)
log_radon    ~ Normal(alpha + beta[county] * first_floor, sigma)
