# Weight of the leaves of mesquite bushes by the volume and the area of the canopy.

base        ~ Flat()
b_volume    ~ Flat()
b_area      ~ Flat()
site        ~ Flat()
sigma       ~ Flat(lower = 0)
area        = diam1 * diam2
volume      = area * canopy_height
log(weight) ~ Normal(base + b_volume * log(volume) + b_area * log(area) + site * group, sigma)
