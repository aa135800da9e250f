# Months until death or end of study. Shows: rows picked by a condition, and a term added to the log density: a patient
# who lives at the end of the study contributes the probability of that.

shape     ~ LogNormal(0, 1)
log_scale ~ Normal(2, 2)
## log of the factor by which treatment prolongs life
effect       ~ Normal(0, 1)
scale        = exp(log_scale + effect * treated)
months[died] ~ Weibull(shape, scale[died])
factor -(months[!died] / scale[!died])^shape
