# Customers of a shop, by day. Shows: counts that vary more than Poisson counts do.

## log customers on a mild day
typical ~ Normal(4, 1)
## change of the log for ten degrees
warmth ~ Normal(0, 1)
## change of the log at the weekend
weekend_effect ~ Normal(0, 1)
## the smaller, the more the days differ beyond chance
dispersion ~ Gamma(2, 0.1)
customers  ~ NegBinomial(
  log = typical + warmth * (temperature - 15) / 10 + weekend_effect * weekend,
  dispersion = dispersion,
)
