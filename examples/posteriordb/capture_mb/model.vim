# Animals caught on five nights, which learn: the chance is another after a night in the trap.

omega ~ Uniform(0, 1)
p     ~ Uniform(0, 1)
## chance after being caught
c                     ~ Uniform(0, 1)
present[nrow(caught)] ~ Bernoulli(omega)
before                = cbind(0, caught[:, 1:(ncol(caught) - 1)])
for i in 1:nrow(caught) {
  caught[i] ~ Bernoulli(present[i] * where(before[i] == 1, c, p))
}
response = c - p
