# Accidents in districts of a town: part of what varies is alike among neighbours, the rest is their own.

level  ~ Normal(0, 1)
spread ~ HalfNormal(1)
## share of the variance that neighbours have in common
rho                ~ Beta(2, 2)
smooth             ~ Icar(node1, node2)
own[len(exposure)] ~ Normal(0, 1)
effect             = spread * (sqrt(1 - rho) * own + sqrt(rho / scaling) * smooth)
accidents          ~ Poisson(exposure * exp(level + effect))
