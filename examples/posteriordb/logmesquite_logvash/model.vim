# Weight of the leaves of mesquite bushes by the volume, area and shape of the canopy, and the total height.

base        ~ Flat()
b[4]        ~ Flat()
site        ~ Flat()
sigma       ~ Flat(lower = 0)
area        = diam1 * diam2
shape       = diam1 / diam2
sizes       = log(cbind(area * canopy_height, area, shape, total_height))
log(weight) ~ Normal(base + sizes @ b + site * group, sigma)
