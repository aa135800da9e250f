# Log earnings along the height in inches.

base      ~ Flat()
slope     ~ Flat()
sigma     ~ Flat(lower = 0)
log(earn) ~ Normal(base + slope * height, sigma)
