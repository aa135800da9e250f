# A line through data with wild values. Shows: a heavy-tailed likelihood whose tail is learned.

intercept ~ Normal(0, 10)
slope     ~ Normal(0, 10)
sigma     ~ HalfNormal(5)
## degrees of freedom: the smaller, the wilder
nu ~ Gamma(2, 0.1)
y  ~ StudentT(nu, intercept + slope * x, sigma)
