# Faults in a year's 100 weeks, fewer after a repair. Shows: an unknown time, summed out exactly.

before ~ Gamma(2, 0.5)
after  ~ Gamma(2, 0.5)
## last week before the change
last   ~ DiscreteUniform(1, rows)
faults ~ Poisson(where(week <= last, before, after))
