# Radon in houses: levels of the counties that follow the uranium in the ground.

mu        ~ Normal(0, 10)
b_uranium ~ Normal(0, 10)
b_floor   ~ Normal(0, 10)
tau       ~ HalfNormal(1)
sigma     ~ HalfNormal(1)
## one number of `uranium` for each county, one of `first_floor` for each house
alpha[len(uranium)] ~ Normal(mu + b_uranium * uranium, tau)
log_radon           ~ Normal(alpha[county] + b_floor * first_floor, sigma)
