# Three states, and a mean for two of them.
mu[2]   ~ Normal(0, 1)
z[rows] ~ Categorical([0.2, 0.3, 0.5])
y       ~ Normal(mu[z], 1)
