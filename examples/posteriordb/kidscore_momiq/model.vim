# Test scores of children along the mother's IQ.

base  ~ Flat()
slope ~ Flat()
sigma ~ HalfCauchy(2.5)
score ~ Normal(base + slope * mom_iq, sigma)
