# Cases of a disease in districts. Shows: a map whose neighbours are alike, and what is left to each district.

## log of the rate, relative to what is expected
level ~ Normal(0, 1)
## how much the map varies
spread ~ HalfNormal(1)
## the map: neighbours are close, the sum is zero
smooth ~ Icar(node1, node2)
cases  ~ Poisson(expected * exp(level + spread * smooth))
