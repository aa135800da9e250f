# Animals caught on five nights: nights and animals differ, and animals learn.

omega                 ~ Uniform(0, 1)
mean_p[ncol(caught)]  ~ Uniform(0, 1)
gamma                 ~ Normal(0, 10)
sigma                 ~ Uniform(0, 3)
ease[nrow(caught)]    ~ Normal(0, sigma)
present[nrow(caught)] ~ Bernoulli(omega)
before                = cbind(0, caught[:, 1:(ncol(caught) - 1)])
for i in 1:nrow(caught) {
  caught[i] ~ Bernoulli(present[i] * inv_logit(logit(mean_p) + ease[i] + gamma * before[i]))
}
