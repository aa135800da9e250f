# A player who drives to the hoop or does not: two states, seen by slowness and distance, both exponential.

P[2]      ~ Dirichlet(prior)
phi[2]    ~ positive_ordered(Normal([0, 3], 1))
lambda[2] ~ positive_ordered(Normal([0, 3], 1))
z[1]      ~ Categorical([0.5, 0.5])
for t in 2:len(u) {
  z[t] ~ Categorical(P[z[t - 1]])
}
u ~ Exponential(phi[z])
v ~ Exponential(lambda[z])
