# Two states that the inputs choose between, each with a regression of its own on them.

w[ncol(u)]    ~ Normal(0, 5)
b[2, ncol(u)] ~ Normal(0, 5)
sigma[2]      ~ ordered(HalfNormal(3))
for t in 1:len(y) {
  z[t] ~ Bernoulli(logit = dot(u[t], w))
  y[t] ~ Normal(dot(u[t], b[1 + z[t]]), sigma[1 + z[t]])
}
