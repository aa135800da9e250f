# Concentrations are not counts.
rate ~ Exponential(1)
for i in 1:2 { n[i] ~ Poisson(rate) }
