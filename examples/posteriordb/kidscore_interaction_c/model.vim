# Lines of test scores along the mother's IQ that differ by high school; both inputs are centred.

hs    = center(mom_hs)
iq    = center(mom_iq)
b[4]  ~ Flat()
sigma ~ HalfCauchy(2.5)
score ~ Normal(cbind(1, hs, iq, hs * iq) @ b, sigma)
