# Amounts under a distribution of counts.
rate ~ Gamma(1, 1)
fish ~ zero_inflated(0.3, Poisson(rate))
