# How much a programme for children is watched, with and without encouragement.

base ~ Flat()
## what encouragement adds
gain    ~ Flat()
sigma   ~ Flat(lower = 0)
watched ~ Normal(base + gain * encouraged, sigma)
