# Accidents on roads of three kinds. Shows: Poisson regression with an exposure, a coefficient per level.

## log accidents per kilometre and year, in the middle of the period
rate[kind] ~ Normal(0, 2)
## change of the log rate per year
trend     ~ Normal(0, 1)
accidents ~ Poisson(log = log(km) + rate[kind] + trend * (year - mean(year)))

urban_over_rural = exp(rate["urban"] - rate["rural"])
