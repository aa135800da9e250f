# Weight of the leaves of mesquite bushes as a product of powers of six measurements.

power[5] ~ Flat()
base     ~ Flat()
## log ratio of the second site to the first
site        ~ Flat()
sigma       ~ Flat(lower = 0)
sizes       = log(cbind(diam1, diam2, canopy_height, total_height, density))
log(weight) ~ Normal(base + sizes @ power + site * group, sigma)
