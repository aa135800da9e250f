# Three clusters. Shows: a discrete latent for each row, summed out exactly.

w     ~ Dirichlet([2, 2, 2])
mu[3] ~ ordered(Normal(0, 5))
sigma ~ HalfNormal(2)
## the cluster of each row
z[rows] ~ Categorical(w)
size    ~ Normal(mu[z], sigma)
