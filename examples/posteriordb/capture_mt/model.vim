# Animals caught on five nights, each with its own chance.

omega                 ~ Uniform(0, 1)
p[ncol(caught)]       ~ Uniform(0, 1)
present[nrow(caught)] ~ Bernoulli(omega)
for i in 1:nrow(caught) {
  caught[i] ~ Bernoulli(present[i] * p)
}
