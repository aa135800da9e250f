# Answers to questions, by people whose abilities follow what is known of them.

w                   = cbind(1, country - mean(country), standardize(hours) / 2)
lambda[3]           ~ StudentT(3, 0, 1)
slope[item]         ~ LogNormal(0, 0.5)
hard[item]          ~ zero_sum(Normal(0, 3))
ability[len(hours)] ~ Normal(w @ lambda, 1)
right               ~ Bernoulli(logit = slope[item] * ability[person] - hard[item])
