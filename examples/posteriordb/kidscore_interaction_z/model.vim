# Lines of test scores along the mother's IQ that differ by high school; inputs in units of two standard deviations.

hs    = standardize(mom_hs) / 2
iq    = standardize(mom_iq) / 2
b[4]  ~ Flat()
sigma ~ HalfCauchy(2.5)
score ~ Normal(cbind(1, hs, iq, hs * iq) @ b, sigma)
