# Data of another type than declared.
data n: int[3]
data p: real[3] in (0, 1)
k ~ Normal(0, 1)
n ~ Poisson(exp(k) * p)
