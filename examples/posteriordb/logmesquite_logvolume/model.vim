# Weight of the leaves of mesquite bushes as a power of the volume of the canopy.

base        ~ Flat()
power       ~ Flat()
sigma       ~ Flat(lower = 0)
log(weight) ~ Normal(base + power * log(diam1 * diam2 * canopy_height), sigma)
