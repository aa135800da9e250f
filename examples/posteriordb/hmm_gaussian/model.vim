# A series that jumps between three levels, each with its own spread.

start    ~ Dirichlet(ones(3))
P[3]     ~ Dirichlet(ones(3))
mu[3]    ~ ordered(Normal(0, 20))
sigma[3] ~ HalfNormal(5)
z[1]     ~ Categorical(start)
for t in 2:len(y) {
  z[t] ~ Categorical(P[z[t - 1]])
}
y ~ Normal(mu[z], sigma[z])
