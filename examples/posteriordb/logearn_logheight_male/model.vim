# Earnings as a power of the height, with a factor for men.

base      ~ Flat()
power     ~ Flat()
step      ~ Flat()
sigma     ~ Flat(lower = 0)
log(earn) ~ Normal(base + power * log(height) + step * male, sigma)
