# Batting averages shrunk to each other. Shows: parameters that are estimated as points (empirical Bayes) under latents.

## ability of the typical player
param centre in (0, 1) = 0.3
## how alike the players are: worth this many at-bats
param strength in (0, inf) = 50
ability[player] ~ Beta(mean = centre, precision = strength)
hits            ~ Binomial(at_bats, ability[player])
