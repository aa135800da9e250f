# Test scores of children, by the mother's high school and IQ: parallel lines.

base  ~ Flat()
gain  ~ Flat()
slope ~ Flat()
sigma ~ HalfCauchy(2.5)
score ~ Normal(base + gain * mom_hs + slope * mom_iq, sigma)
