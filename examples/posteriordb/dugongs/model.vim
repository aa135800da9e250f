# Lengths of sea cows approach a limit as they grow old.

limit ~ Normal(0, 1000)
## how far the new-born are from the limit
gap ~ Normal(0, 1000)
## share of the gap that is left after a year
keep   ~ Uniform(0.5, 1)
sigma  ~ HalfCauchy(1)
length ~ Normal(limit - gap * keep^age, sigma)
