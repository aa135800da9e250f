# Partial credits in questions of one to three steps, by people whose abilities follow what is known of them.

w                 = cbind(1, standardize(hours) / 2)
lambda[2]         ~ StudentT(3, 0, 1)
slope[len(steps)] ~ LogNormal(0, 0.5)
## all steps of all questions, one after the other
hard[sum(steps)]    ~ zero_sum(Normal(0, 3))
ability[len(hours)] ~ Normal(w @ lambda, 1)
last                = cumsum(steps)
for n in 1:len(credit) {
  i             = item[n]
  gain          = slope[i] * ability[person[n]] - hard[(last[i] - steps[i] + 1):last[i]]
  credit[n] + 1 ~ Categorical(logits = concat(0, cumsum(gain)))
}
