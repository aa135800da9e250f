# Lines of test scores along the mother's IQ that differ by high school; inputs count from reference points.

hs    = mom_hs - 0.5
iq    = mom_iq - 100
b[4]  ~ Flat()
sigma ~ HalfCauchy(2.5)
score ~ Normal(cbind(1, hs, iq, hs * iq) @ b, sigma)
