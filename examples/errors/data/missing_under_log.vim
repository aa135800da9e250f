# A value that is missing has no logarithm to observe.
m         ~ Normal(0, 1)
log(earn) ~ Normal(m, 1)
