# Animals caught on five nights: nights and animals both differ.

omega                 ~ Uniform(0, 1)
mean_p[ncol(caught)]  ~ Uniform(0, 1)
sigma                 ~ Uniform(0, 5)
ease[nrow(caught)]    ~ Normal(0, sigma)
present[nrow(caught)] ~ Bernoulli(omega)
for i in 1:nrow(caught) {
  caught[i] ~ Bernoulli(present[i] * inv_logit(logit(mean_p) + ease[i]))
}
