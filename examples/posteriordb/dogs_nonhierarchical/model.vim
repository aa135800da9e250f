# Dogs that learn to avoid a shock, each at its own pace; what dogs learn from both is correlated.

mu[2]               ~ Logistic(0, 1)
tau[2]              ~ HalfNormal(1)
L                   ~ LkjCholesky(2, 2)
pace[nrow(shocked)] ~ MvNormal(mu, chol = diag(tau) @ L)
shocks              = cumsum(shocked, axis = 2) - shocked
avoided             = cumsum(1 - shocked, axis = 2) - (1 - shocked)
for j in 1:nrow(shocked) {
  shocked[j, 2:] ~ Bernoulli(
    inv_logit(pace[j, 1])^shocks[j, 2:] * inv_logit(pace[j, 2])^avoided[j, 2:],
  )
}
correlation = L[2, 1]
