# Log earnings along the standardised height, with a slope for men and one for women.

tall      = standardize(height)
b[4]      ~ Flat()
sigma     ~ Flat(lower = 0)
log(earn) ~ Normal(cbind(1, tall, male, tall * male) @ b, sigma)
