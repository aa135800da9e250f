# The difference between two rates.

theta[2]   ~ Beta(1, 1)
k          ~ Binomial(n, theta)
difference = theta[1] - theta[2]
