# Whole numbers have 64 bits.
n = 99999999999999999999
y ~ Normal(n, 1)
