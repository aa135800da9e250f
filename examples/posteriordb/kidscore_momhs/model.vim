# Test scores of children, by whether the mother finished high school.

base ~ Flat()
## what finished high school adds
gain  ~ Flat()
sigma ~ HalfCauchy(2.5)
score ~ Normal(base + gain * mom_hs, sigma)
