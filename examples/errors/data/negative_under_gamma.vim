# A change may be negative.
rate ~ Exponential(1)
change ~ Gamma(2, rate)
