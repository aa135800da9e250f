# A count that is not whole.
rate ~ HalfNormal(5)
n ~ Poisson(rate)
