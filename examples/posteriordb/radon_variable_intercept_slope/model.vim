# Radon in houses: levels and steps for the first floor both vary between the counties.

mu[2]  ~ Normal(0, 10)
tau[2] ~ HalfNormal(1)
sigma  ~ HalfNormal(1)
## of each county, the level and the step
line[county, 2] ~ Normal(mu, tau)
log_radon       ~ Normal(line[county, 1] + line[county, 2] * first_floor, sigma)
