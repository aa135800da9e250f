# A count below zero: the row and the value are named.
rate ~ HalfNormal(5)
n ~ Poisson(rate)
