# Earnings, as powers of ten, along the height in inches.

base        ~ Flat()
slope       ~ Flat()
sigma       ~ Flat(lower = 0)
log10(earn) ~ Normal(base + slope * height, sigma)
