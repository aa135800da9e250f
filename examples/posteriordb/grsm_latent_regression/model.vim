# Ratings on one scale for all questions, by people whose attitudes follow what is known of them.

w                    = cbind(1, standardize(hours) / 2)
lambda[2]            ~ StudentT(3, 0, 1)
slope[item]          ~ LogNormal(0, 0.5)
hard[item]           ~ zero_sum(Normal(0, 3))
step[3]              ~ zero_sum(Normal(0, 3))
attitude[len(hours)] ~ Normal(w @ lambda, 1)
gain                 = slope[item] * attitude[person] - hard[item]
for n in 1:len(rating) {
  rating[n] ~ Categorical(logits = concat(0, cumsum(gain[n] - step)))
}
