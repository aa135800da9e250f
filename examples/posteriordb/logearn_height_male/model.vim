# Log earnings along the height, with a step for men.

base      ~ Flat()
slope     ~ Flat()
step      ~ Flat()
sigma     ~ Flat(lower = 0)
log(earn) ~ Normal(base + slope * height + step * male, sigma)
