# Arguments by the names that other systems give them.
a ~ Normal(mu = 0, sigma = 1)
b ~ Gamma(alpha = 2, beta = 1)
c ~ Normal(0, tau = 4)
factor a * b * c
