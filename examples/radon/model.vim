# Houses in counties, partially pooled. Shows: a plate over the levels of a column.

## mean log radon level of all counties
mu ~ Normal(0, 10)
## spread between the counties
tau ~ HalfNormal(1)
## spread between the houses of a county
sigma ~ HalfNormal(1)
## measured on the first floor, not in the basement
beta ~ Normal(0, 10)
## log radon level in the basements of a county
alpha[county] ~ Normal(mu, tau)
log_radon     ~ Normal(alpha[county] + beta * first_floor, sigma)
